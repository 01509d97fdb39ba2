"""Broadcasts: who is let in, who takes over, what ends them; on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.broker.memory import MemoryDoorbell
from pipeline.core.errors import Conflict, Forbidden, NotFound, ReelmillError, Unauthenticated
from pipeline.database.port import Database
from pipeline.database.streams import SpoolPiece
from pipeline.services import accounts, assets, broadcasts, sessions, stream_keys, streams
from pipeline.services.sessions import Order
from pipeline.services.sweep import Sweeper
from schemas.access import AccountChange, AccountRequest
from schemas.identity import Role
from schemas.streams import (
    SessionEnd,
    SessionState,
    StartRequest,
    StopRequest,
    StreamChange,
    StreamKeyChange,
    StreamKeyRequest,
    StreamState,
)
from schemas.vocabulary import AssetState
from tests.support.broadcasting import (
    AT,
    DOOR,
    LEASE_S,
    PROFILE,
    channel,
    publish,
    shown,
    told,
    touch,
)


def state_of(db: Database, session_id: str) -> SessionState:
    with db.read() as tx:
        row = tx.sessions.get(session_id)  # type: ignore[arg-type]
    assert row is not None
    return row.state


def silence(db: Database, session_id: str) -> None:
    """Have no byte come for a while."""
    from sqlalchemy import text

    with db._engine.begin() as connection:  # type: ignore[attr-defined]
        later = text("UPDATE stream_session SET last_byte_at = last_byte_at - 60 WHERE id = :id")
        connection.execute(later, {"id": session_id})


def test_a_key_goes_live_by_itself(database: Database) -> None:
    mine = channel(database)

    session = publish(database, mine.secret)

    view = shown(database, mine.id)
    asset = assets.show(database, session.asset_id)
    assert (session.state, session.epoch) == (SessionState.OPEN, 1)
    assert view.status is StreamState.LIVE
    assert view.started_at is not None
    assert [one.id for one in view.sessions] == [session.id]
    assert (asset.state, asset.filename) == (AssetState.PROCESSING, "Talk")
    assert told(database) == ["stream.live"]
    key = stream_keys.show(database, mine.key_id, owner=None)
    assert key.last_used_at is not None


@pytest.mark.parametrize("damage", ["last", "prefix", "empty", "odd"])
def test_a_wrong_key_is_nobodys(database: Database, damage: str) -> None:
    secret = channel(database).secret
    wrong = {
        "last": secret[:-1] + ("a" if secret[-1] != "a" else "b"),
        "prefix": "rms_" + "0" * 12 + secret[16:],
        "empty": "",
        "odd": "\x00\ud800" * 30,
    }[damage]

    with pytest.raises(Unauthenticated) as raised:
        publish(database, wrong)

    assert raised.value.instance_code == "stream.key_unknown"
    assert secret not in str(raised.value)


def test_a_second_publisher_is_refused_while_the_first_is_alive(database: Database) -> None:
    mine = channel(database)
    first = publish(database, mine.secret)

    with pytest.raises(Conflict) as raised:
        publish(database, mine.secret, holder="h2")

    assert raised.value.instance_code == "stream.busy"
    assert touch(database, first) is None
    assert publish(database, mine.secret).epoch == 1


@pytest.mark.parametrize("how", ["silent", "its door is dead", "dropped"])
def test_a_dead_one_is_taken_over(database: Database, how: str) -> None:
    mine = channel(database)
    first = publish(database, mine.secret, lease_s=-1.0 if how == "its door is dead" else LEASE_S)
    if how == "silent":
        silence(database, first.id)
    if how == "dropped":
        assert sessions.drop_session(database, first.id, epoch=1)

    second = publish(database, mine.secret, holder="h2")

    assert (second.id, second.asset_id, second.epoch) == (first.id, first.asset_id, 2)
    assert touch(database, first) is Order.LOST
    assert touch(database, second) is None
    assert not sessions.drop_session(database, first.id, epoch=1)
    assert not sessions.close_session(database, first.id, epoch=1)
    assert "stream.resumed" in told(database)


def test_two_at_once_are_one(database: Database) -> None:
    mine = channel(database)
    found: list[str] = []
    both = threading.Barrier(4)

    def come(holder: str) -> None:
        both.wait()
        try:
            found.append(publish(database, mine.secret, holder=holder).id)
        except ReelmillError as error:
            found.append(error.instance_code)

    threads = [threading.Thread(target=come, args=(f"h{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found).count("stream.busy") == 3
    assert len(shown(database, mine.id).sessions) == 1


def test_a_broadcast_ends_when_its_grace_is_over(database: Database) -> None:
    mine = channel(database)
    session = publish(database, mine.secret)
    sessions.drop_session(database, session.id, epoch=1)
    assert sessions.sweep_sessions(database) == 0
    assert shown(database, mine.id).status is StreamState.LIVE

    with database.write() as tx:
        tx.sessions.take_over(session.id, session.publisher, LEASE_S)
        tx.sessions.drop(session.id, 2, 0.0)
    assert sessions.sweep_sessions(database) == 1

    view = shown(database, mine.id)
    assert (view.status, view.sessions[0].end) == (StreamState.ENDED, SessionEnd.LEFT)
    assert view.ended_at is not None
    assert told(database) == ["stream.live", "stream.interrupted", "stream.ended"]
    assert publish(database, mine.secret).id != session.id


def test_no_grace_ends_at_once(database: Database) -> None:
    mine = channel(database, grace_s=0)
    session = publish(database, mine.secret)

    assert sessions.drop_session(database, session.id, epoch=1)

    assert state_of(database, session.id) is SessionState.CLOSED


def test_the_sweeper_drops_what_no_door_holds(database: Database) -> None:
    mine = channel(database)
    session = publish(database, mine.secret, lease_s=-1.0)

    Sweeper(database, MemoryDoorbell(), lease_s=12.0).tick()
    before = state_of(database, session.id)
    Sweeper(database, MemoryDoorbell(), lease_s=0.0).tick()
    after = state_of(database, session.id)

    # It judges nobody before it has watched for a lease.
    assert (before, after) == (SessionState.OPEN, SessionState.GRACE)
    # Its door was only late.
    assert touch(database, session) is None
    assert state_of(database, session.id) is SessionState.OPEN
    assert told(database) == ["stream.live", "stream.interrupted", "stream.resumed"]


@pytest.mark.parametrize("how", ["revoke", "rotate"])
def test_what_a_key_published_ends_with_it(database: Database, how: str) -> None:
    mine = channel(database)
    session = publish(database, mine.secret)

    if how == "revoke":
        stream_keys.revoke(database, mine.key_id, owner="local")
    else:
        change = StreamKeyChange(rotate=True)
        made = stream_keys.change(database, mine.key_id, change, owner="local")
        assert made.key is not None
        assert publish(database, made.key).id != session.id

    assert touch(database, session) is Order.REVOKED
    assert shown(database, mine.id).sessions[-1].end is SessionEnd.REVOKED
    with pytest.raises((Forbidden, Unauthenticated)):
        publish(database, mine.secret, holder="h3")


def test_another_key_goes_on(database: Database) -> None:
    mine = channel(database)
    asked = StreamKeyRequest(stream_id=mine.id, label="spare")
    spare = stream_keys.create(database, asked, PROFILE, account="local", owner="local")
    session = publish(database, mine.secret)

    stream_keys.revoke(database, spare.id, owner="local")

    assert touch(database, session) is None


def test_a_revoked_key_stays_revoked(database: Database) -> None:
    mine = channel(database)
    stream_keys.revoke(database, mine.key_id, owner="local")
    stream_keys.revoke(database, mine.key_id, owner="local")

    with pytest.raises(Conflict) as raised:
        stream_keys.change(database, mine.key_id, StreamKeyChange(rotate=True), owner="local")

    assert raised.value.instance_code == "stream.key_ended"


def test_an_account_that_is_disabled_publishes_nothing(database: Database) -> None:
    asked = AccountRequest(name="streamer", role=Role.CREATOR, password="correct horse battery")
    account = accounts.create(database, asked).id
    mine = channel(database, account=account)
    accounts.change(database, account, AccountChange(is_disabled=True))

    with pytest.raises(Forbidden) as raised:
        publish(database, mine.secret)

    assert raised.value.instance_code == "stream.account_disabled"


@pytest.mark.parametrize("is_named", [True, False])
def test_a_stopped_one_is_over(database: Database, *, is_named: bool) -> None:
    mine, _ = channel(database), channel(database)
    session = publish(database, mine.secret)

    asked = StopRequest(stream_id=mine.id if is_named else None)
    view = broadcasts.stop(database, asked, account="local", owner="local", at=AT)

    assert (view.status, view.sessions[0].end) == (StreamState.ENDED, SessionEnd.STOPPED)
    assert touch(database, session) is Order.CLOSED


def test_stopping_needs_to_know_which(database: Database) -> None:
    with pytest.raises(Conflict) as raised:
        broadcasts.stop(database, StopRequest(), account="local", owner="local", at=AT)
    assert raised.value.instance_code == "stream.not_named"


def test_a_deleted_stream_takes_its_broadcast_along_and_leaves_the_recording(
    database: Database,
) -> None:
    mine = channel(database)
    session = publish(database, mine.secret)

    streams.delete(database, mine.id, owner="local")

    assert touch(database, session) is Order.CLOSED
    assert assets.show(database, session.asset_id).filename == "Talk"
    with pytest.raises(NotFound):
        sessions.session_of(database, session.id)
    with pytest.raises(Unauthenticated):
        publish(database, mine.secret)


def test_others_find_nothing(database: Database) -> None:
    mine = channel(database, account="a")

    for ask in (
        lambda: streams.show(database, mine.id, at=AT, owner="b"),
        lambda: streams.delete(database, mine.id, owner="b"),
        lambda: stream_keys.show(database, mine.key_id, owner="b"),
        lambda: stream_keys.revoke(database, mine.key_id, owner="b"),
        lambda: broadcasts.stop(
            database, StopRequest(stream_id=mine.id), account="b", owner="b", at=AT
        ),
    ):
        with pytest.raises(NotFound):
            ask()
    assert stream_keys.listing(database, owner="b").items == ()


def test_a_new_stream_comes_with_its_key(database: Database) -> None:
    started = broadcasts.start(
        database, StartRequest(title="Now"), PROFILE, account="local", owner="local", at=AT
    )
    assert started.key is not None
    session = publish(database, started.key.key)
    state = broadcasts.state(database, account="local", at=AT)

    assert started.stream.status is StreamState.PREPARING
    assert state.is_live
    assert [one.id for one in state.streams] == [session.stream_id]
    assert not broadcasts.state(database, account="other", at=AT).is_live


def test_an_ended_stream_is_prepared_again(database: Database) -> None:
    mine = channel(database, grace_s=0)
    sessions.drop_session(database, publish(database, mine.secret).id, epoch=1)

    started = broadcasts.start(
        database, StartRequest(stream_id=mine.id), PROFILE, account="local", owner="local", at=AT
    )

    assert (started.stream.status, started.key) == (StreamState.PREPARING, None)


def test_what_is_scheduled_is_reminded_of_once(database: Database) -> None:
    mine = channel(database)
    soon = datetime.now(UTC) + timedelta(seconds=30)
    change = StreamChange(scheduled_for=soon)
    streams.change(database, mine.id, change, None, at=AT, owner="local")

    assert [broadcasts.follow_schedule(database) for _ in range(2)] == [1, 0]
    assert told(database) == ["stream.reminder"]

    publish(database, mine.secret)
    assert shown(database, mine.id).scheduled_for is None


def test_who_comes_without_a_key_was_let_in_elsewhere(database: Database) -> None:
    mine = channel(database)

    session = sessions.open_session(
        database, stream_id=mine.id, door_url=DOOR, holder="front", lease_s=LEASE_S
    )

    assert session.publisher.key_id is None
    assert touch(database, session) is None


def test_a_piece_of_a_stream_that_is_just_deleted_is_refused(database: Database) -> None:
    mine = channel(database)
    session = publish(database, mine.secret)
    piece = SpoolPiece(session.id, 1, 0, "assets/x/spool/1-0.flv", 10, 0, 9_000)

    with ThreadPoolExecutor(1) as pool:
        with database.write() as tx:
            tx.streams.hold(mine.id)
            tx.streams.delete(mine.id)
            noting = pool.submit(sessions.note_piece, database, piece)
            # It has read, and waits for us.
            assert not wait([noting], timeout=0.5).done
        with pytest.raises(NotFound):
            noting.result()


def test_pieces_of_the_spool_are_noted_once(database: Database) -> None:
    session = publish(database, channel(database).secret)
    piece = SpoolPiece(session.id, 1, 0, "assets/x/spool/1-0.flv", 10, 0, 9_000)

    for _ in range(2):
        sessions.note_piece(database, piece)

    assert sessions.pieces_of(database, session.id) == [piece]
