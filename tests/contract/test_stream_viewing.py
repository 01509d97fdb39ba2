"""Who may watch a stream, on both databases: by the row, by a link, and no more when it is void."""

import pytest

from pipeline.audience.memory import MemoryViewers
from pipeline.audience.port import ViewerKind
from pipeline.core import links
from pipeline.core.errors import Forbidden, NotFound
from pipeline.database.port import Database
from pipeline.services import (
    sessions,
    stream_keys,
    stream_showing,
    stream_viewing,
    streams,
    viewing,
)
from pipeline.services.viewing import Viewer
from schemas.identity import Identity, Playback, Role
from schemas.playback import PlaybackLinkRequest
from schemas.streams import StreamChange, StreamId, StreamKeyChange, StreamState
from schemas.vocabulary import AssetId, AssetState
from schemas.watched_stream import WatchedStream
from tests.support.broadcasting import AT, channel, publish

KEY = links.key_of(b"secret")
HOUR = PlaybackLinkRequest(expires_in_s=3600, label="class-7b")


@pytest.fixture
def private(database: Database) -> StreamId:
    stream_id = channel(database).id
    change(database, stream_id, Playback.PRIVATE)
    return stream_id


def change(db: Database, stream_id: StreamId, playback: Playback) -> None:
    streams.change(db, stream_id, StreamChange(playback=playback), None, at=AT, owner=None)


def admitted(db: Database, stream_id: StreamId, viewer: Viewer) -> stream_viewing.StreamAdmission:
    with db.read() as tx:
        return stream_viewing.admit(tx, stream_id, viewer)


def token(db: Database, stream_id: StreamId) -> str:
    made = stream_viewing.link(db, stream_id, HOUR, key=KEY, owner="local")
    return made.live_url.partition("~")[2]


def refused(db: Database, stream_id: StreamId, given: str) -> str:
    with pytest.raises(Forbidden) as error:
        admitted(db, stream_id, Viewer(KEY, token=given))
    return error.value.instance_code


def test_a_public_stream_is_everybodys(database: Database) -> None:
    stream_id = channel(database).id

    admission = admitted(database, stream_id, Viewer(KEY))

    assert admission.is_open
    assert admission.below == f"/live/{stream_id}"


def test_a_private_one_is_there_for_its_owner_alone(database: Database, private: StreamId) -> None:
    assert not admitted(
        database, private, Viewer(KEY, Identity(account="local", role=Role.VIEWER))
    ).is_open
    assert admitted(database, private, Viewer(KEY, Identity(account="x", role=Role.OPERATOR)))
    for who in (None, Identity(account="x", role=Role.CREATOR)):
        with pytest.raises(NotFound) as error:
            admitted(database, private, Viewer(KEY, who))
        assert error.value.instance_code == "stream.not_found"


def test_a_link_opens_it_for_a_while(database: Database, private: StreamId) -> None:
    given = token(database, private)

    admission = admitted(database, private, Viewer(KEY, token=given))

    assert admission.below == f"/live/{private}/~{given}"
    assert admission.left_s == pytest.approx(3600, abs=5)
    assert not admission.is_open


def test_the_link_of_a_recording_is_the_same_each_time_and_ends_with_the_streams(
    database: Database,
) -> None:
    made = channel(database)
    change(database, made.id, Playback.PRIVATE)
    asset_id = publish(database, made.secret).asset_id
    given = token(database, made.id)
    admission = admitted(database, made.id, Viewer(KEY, token=given))

    def watch(word: str) -> None:
        with database.read() as tx:
            viewing.admit(tx, asset_id, Viewer(KEY, token=word))

    with database.read() as tx:
        asset = tx.assets.get(asset_id)
    assert asset is not None
    word = admission.token_for(KEY, asset)
    assert word is not None
    assert word == admission.token_for(KEY, asset)
    watch(word)

    stream_viewing.revoke_links(database, made.id, owner="local")

    assert refused(database, made.id, given) == "playback.link_revoked"
    with pytest.raises(Forbidden) as error:
        watch(word)
    assert error.value.instance_code == "playback.link_revoked"


def test_a_link_opens_no_other_stream_and_none_forged_opens_anything(
    database: Database, private: StreamId
) -> None:
    other = channel(database).id

    assert refused(database, other, token(database, private)) == "playback.link_invalid"
    assert refused(database, StreamId("nobody"), token(database, private)) == (
        "playback.link_invalid"
    )
    assert refused(database, private, "1.0..x") == "playback.link_invalid"


def test_links_are_its_owners_to_give_and_void(database: Database, private: StreamId) -> None:
    with pytest.raises(NotFound):
        stream_viewing.link(database, private, HOUR, key=KEY, owner="other")
    with pytest.raises(NotFound):
        stream_viewing.revoke_links(database, private, owner="other")


def test_viewers_are_led_to_what_is_on_and_to_what_was(database: Database) -> None:
    made, viewers = channel(database), MemoryViewers()

    def shown() -> WatchedStream:
        return stream_showing.show(database, viewers, made.id, Viewer(KEY)).stream

    first = publish(database, made.secret)
    assert (shown().status, shown().dvr_url) == (StreamState.LIVE, None)
    playable(database, first.asset_id)
    viewers.seen(made.id, ["a", "b"], ViewerKind.HLS)
    assert shown().dvr_url == f"/watch/{first.asset_id}"
    assert shown().viewer_count == 2

    sessions.drop_session(database, first.id, epoch=first.epoch)
    assert shown().is_reconnecting
    sessions.close_session(database, first.id)
    assert shown().recording_url == f"/watch/{first.asset_id}"
    assert (shown().dvr_url, shown().viewer_count) == (None, None)

    # One that has nothing to watch yet leaves the one before.
    publish(database, made.secret)
    assert shown().recording_url == f"/watch/{first.asset_id}"


def test_links_lead_to_signed_recordings(database: Database, private: StreamId) -> None:
    with database.write() as tx:
        key_id = tx.stream_keys.of(None, private)[0].id
    secret = stream_keys.change(database, key_id, StreamKeyChange(rotate=True), owner=None).key
    assert secret is not None
    asset_id = publish(database, secret).asset_id
    playable(database, asset_id)
    given = Viewer(KEY, token=token(database, private))

    shown = stream_showing.show(database, MemoryViewers(), private, given).stream

    assert shown.dvr_url is not None
    word = shown.dvr_url.partition("~")[2]
    with database.read() as tx:
        assert viewing.admit(tx, asset_id, Viewer(KEY, token=word)).asset.id == asset_id


def playable(db: Database, asset_id: AssetId) -> None:
    with db.write() as tx:
        tx.assets.move(asset_id, [AssetState.PROCESSING], AssetState.PLAYABLE)
