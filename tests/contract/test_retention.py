"""How long broadcasts stay once they are over; on both databases."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from pipeline.core.errors import NotFound
from pipeline.database.port import Database
from pipeline.database.streams import SessionRow
from pipeline.services import assets, sessions, stream_keys, streams
from pipeline.services.recordings.retention import forget_expired
from schemas.identity import Playback
from schemas.streams import StreamChange, StreamId, StreamKeyRequest, StreamRequest
from schemas.vocabulary import AssetId
from tests.support.broadcasting import AT, PROFILE, publish


@dataclass(frozen=True)
class Aired:
    """A broadcast that is on."""

    stream_id: StreamId
    session: SessionRow

    @property
    def asset_id(self) -> AssetId:
        return self.session.asset_id


def air(db: Database, request: StreamRequest) -> Aired:
    stream = streams.create(db, request, PROFILE, account="local", at=AT)
    asked = StreamKeyRequest(stream_id=stream.id)
    key = stream_keys.create(db, asked, PROFILE, account="local", owner="local")
    return Aired(stream.id, publish(db, key.key))


def let_pass(db: Database, asset_id: AssetId, days: float) -> None:
    from sqlalchemy import text

    with db._engine.begin() as connection:  # type: ignore[attr-defined]
        sooner = text("UPDATE asset SET expires_at = expires_at - :s WHERE id = :id")
        connection.execute(sooner, {"id": asset_id, "s": days * 86_400})


def test_a_recording_stays_for_ever_unless_something_else_was_said(database: Database) -> None:
    aired = air(database, StreamRequest(title="Talk"))

    sessions.close_session(database, aired.session.id)

    assert assets.show(database, aired.asset_id).expires_at is None
    assert forget_expired(database, linger_s=0) == 0


def test_a_recording_goes_when_its_days_are_over(database: Database) -> None:
    aired = air(database, StreamRequest(title="Talk", keep_days=3))
    assert assets.show(database, aired.asset_id).expires_at is None

    sessions.close_session(database, aired.session.id)
    ended_at = sessions.session_of(database, aired.session.id).closed_at
    expires_at = assets.show(database, aired.asset_id).expires_at
    assert ended_at is not None
    assert expires_at is not None
    assert abs(expires_at - ended_at - timedelta(days=3)) < timedelta(seconds=5)

    let_pass(database, aired.asset_id, 2.9)
    assert forget_expired(database, linger_s=0) == 0
    let_pass(database, aired.asset_id, 0.2)
    assert forget_expired(database, linger_s=0) == 1
    with pytest.raises(NotFound):
        assets.show(database, aired.asset_id)
    assert forget_expired(database, linger_s=0) == 0


def test_nothing_stays_of_what_is_not_recorded_but_for_those_who_watch_its_end(
    database: Database,
) -> None:
    aired = air(database, StreamRequest(title="Talk", is_recorded=False))
    assert forget_expired(database, linger_s=0) == 0

    sessions.close_session(database, aired.session.id)

    assert forget_expired(database, linger_s=300) == 0
    assert forget_expired(database, linger_s=0) == 1
    with database.read() as tx:
        due = [prefix for _, prefix, _ in tx.garbage.due(100, patience_s=0)]
    assert f"assets/{aired.asset_id}/" in due


def test_a_broadcast_goes_on_as_it_began_whatever_is_said_meanwhile(database: Database) -> None:
    aired = air(database, StreamRequest(title="Talk", playback=Playback.PRIVATE))
    wished = StreamChange(is_recorded=False, playback=Playback.PUBLIC)
    streams.change(database, aired.stream_id, wished, None, at=AT, owner=None)

    sessions.close_session(database, aired.session.id)

    shown = assets.show(database, aired.asset_id)
    assert shown.expires_at is None
    assert shown.playback is Playback.PRIVATE


def test_the_days_of_a_deleted_streams_recording_run_as_well(database: Database) -> None:
    aired = air(database, StreamRequest(title="Talk", keep_days=1))

    streams.delete(database, aired.stream_id, owner=None)

    assert assets.show(database, aired.asset_id).expires_at is not None
    let_pass(database, aired.asset_id, 1)
    assert forget_expired(database, linger_s=0) == 1
