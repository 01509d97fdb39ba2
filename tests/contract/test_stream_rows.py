"""Streams, keys and broadcasts as rows, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from pipeline.database.port import Database
from pipeline.database.streams import (
    NewSession,
    NewStream,
    NewStreamKey,
    Publisher,
    SpoolPiece,
    Touch,
)
from pipeline.profiles import load
from schemas.identity import Playback
from schemas.streams import (
    SessionEnd,
    SessionId,
    SessionState,
    StreamId,
    StreamKeyId,
    StreamState,
)
from schemas.vocabulary import AssetId

A, B = StreamId("a"), StreamId("b")
KEY = StreamKeyId("k")
S1, S2 = SessionId("s1"), SessionId("s2")
DOOR = Publisher(door_url="http://127.0.0.1:1", holder="h1", key_id=KEY, key_version=1)
LEASE_S = 60.0
PROFILE = load(None).get("default")


@pytest.fixture
def db(database: Database) -> Database:
    """A stream with a key, and one of another account."""
    new = NewStream(
        id=A,
        account="local",
        title="Talk",
        description="",
        playback=Playback.PUBLIC,
        is_recorded=True,
        keep_days=None,
        grace_s=60,
        profile=PROFILE,
        scheduled_for=None,
    )
    with database.write() as tx:
        tx.streams.add(new)
        tx.streams.add(replace(new, id=B, account="other"))
        tx.stream_keys.add(NewStreamKey(KEY, A, "obs", "rms_0", "0" * 64))
    return database


def opened(db: Database, session_id: SessionId = S1, *, lease_s: float = LEASE_S) -> SessionId:
    with db.write() as tx:
        tx.sessions.add(NewSession(session_id, A, AssetId("x"), None, DOOR), lease_s)
    return session_id


def touch(db: Database, touch: Touch) -> tuple[int, SessionState, bool]:
    with db.write() as tx:
        standing = tx.sessions.touch([touch], LEASE_S)[0]
    return standing.epoch, standing.state, standing.is_key_void


def test_a_stream_is_kept_as_it_was_given(db: Database) -> None:
    later = datetime(2031, 1, 1, tzinfo=UTC)
    with db.write() as tx:
        tx.streams.change(A, {"title": "Other", "keep_days": 3, "scheduled_for": later})
    with db.read() as tx:
        row = tx.streams.get(A)

    assert row is not None
    assert (row.title, row.keep_days, row.scheduled_for) == ("Other", 3, later)
    assert row.profile == PROFILE
    assert row.state is StreamState.PREPARING


def test_lists_are_narrowed(db: Database) -> None:
    with db.read() as tx:
        assert {row.id for _, row in tx.streams.page(None, 9, None)} == {A, B}
        assert [row.id for _, row in tx.streams.page(None, 9, "local")] == [A]
        assert tx.streams.page(None, 9, None, [StreamState.LIVE]) == []
        key, _ = tx.streams.page(None, 1, None)[0]
        first = tx.streams.page(None, 1, None)[0][1].id
        assert [row.id for _, row in tx.streams.page((key, first), 9, None)] != [first]
        assert (tx.streams.count_of("local"), len(tx.stream_keys.of("other"))) == (1, 0)


def test_a_stream_has_one_broadcast_at_a_time(db: Database) -> None:
    opened(db)

    with pytest.raises(IntegrityError):
        opened(db, S2)
    with db.write() as tx:
        assert tx.sessions.close(S1, None, SessionEnd.LEFT)
    opened(db, S2)
    with db.read() as tx:
        running = tx.sessions.running(A)
        assert running is not None
        assert running.id == S2
        assert {row.id for row in tx.sessions.of_stream(A, 9)} == {S1, S2}


def test_a_touch_renews_by_epoch(db: Database) -> None:
    opened(db)

    told = touch(db, Touch(S1, 1, 10, is_alive=True, facts={"fps": 30}))
    with db.write() as tx:
        tx.sessions.take_over(S1, replace(DOOR, holder="h2"), LEASE_S)
    late = touch(db, Touch(S1, 1, 999, is_alive=True))
    with db.read() as tx:
        row = tx.sessions.get(S1)

    assert told == (1, SessionState.OPEN, False)
    assert late == (2, SessionState.OPEN, False)
    assert row is not None
    assert (row.received_bytes, row.facts, row.publisher.holder) == (10, {"fps": 30}, "h2")


def test_one_in_grace_opens_again_when_bytes_come(db: Database) -> None:
    opened(db)
    with db.write() as tx:
        assert tx.sessions.drop(S1, 1, 60.0)
        assert not tx.sessions.drop(S1, 1, 60.0)

    silent = touch(db, Touch(S1, 1, 0, is_alive=False))
    speaking = touch(db, Touch(S1, 1, 5, is_alive=True))

    assert (silent[1], speaking[1]) == (SessionState.GRACE, SessionState.OPEN)


def test_a_closed_one_stays_closed(db: Database) -> None:
    opened(db)
    with db.write() as tx:
        assert not tx.sessions.close(S1, 7, SessionEnd.STOPPED)
        assert tx.sessions.close(S1, 1, SessionEnd.STOPPED)
        assert not tx.sessions.close(S1, 1, SessionEnd.LEFT)

    assert touch(db, Touch(S1, 1, 5, is_alive=True))[1] is SessionState.CLOSED


@pytest.mark.parametrize("how", ["revoke", "rotate"])
def test_a_key_that_ended_is_told_of(db: Database, how: str) -> None:
    opened(db)
    with db.write() as tx:
        if how == "revoke":
            tx.stream_keys.revoke(KEY)
        else:
            tx.stream_keys.rotate(KEY, prefix="rms_1", digest="1" * 64)

    assert touch(db, Touch(S1, 1, 5, is_alive=True)) == (1, SessionState.OPEN, True)


def test_what_nobody_looks_after_is_found(db: Database) -> None:
    opened(db, lease_s=-1.0)
    with db.write() as tx:
        assert [row.id for row in tx.sessions.abandoned(9)] == [S1]
        tx.sessions.drop(S1, None, 0.0)
        assert [row.id for row in tx.sessions.overdue(9)] == [S1]
        assert tx.sessions.abandoned(9) == []


def test_reminders_are_given_out_once(db: Database) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=30)
    with db.write() as tx:
        tx.streams.end(A)
        tx.streams.change(A, {"scheduled_for": soon})
        assert tx.streams.remind(1.0, 9) == []
        assert [(row.id, row.state) for row in tx.streams.remind(60.0, 9)] == [
            (A, StreamState.PREPARING)
        ]
        assert tx.streams.remind(60.0, 9) == []
        tx.streams.change(A, {"scheduled_for": soon + timedelta(seconds=1)})
        assert len(tx.streams.remind(60.0, 9)) == 1
        assert tx.streams.give_up(60.0) == 0
        assert tx.streams.give_up(-60.0) == 1
        row = tx.streams.get(A)
    assert row is not None
    assert (row.state, row.scheduled_for) == (StreamState.ENDED, None)


def test_a_broadcast_meets_the_time_it_was_scheduled_for(db: Database) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=30)
    with db.write() as tx:
        tx.streams.change(A, {"scheduled_for": soon})
        tx.streams.begin(A, lead_s=1.0)
        early = tx.streams.get(A)
        tx.streams.begin(A, lead_s=60.0)
        row = tx.streams.get(A)
    assert early is not None
    assert row is not None
    assert (early.scheduled_for is None, row.scheduled_for is None) == (False, True)
    assert row.state is StreamState.LIVE


def test_pieces_of_the_spool_come_in_order(db: Database) -> None:
    opened(db)
    pieces = [SpoolPiece(S1, epoch, n, f"k{epoch}{n}", 5, 0, 9) for epoch in (1, 2) for n in (0, 1)]
    with db.write() as tx:
        for piece in [*reversed(pieces), pieces[0]]:
            tx.sessions.add_piece(piece)
        assert tx.sessions.pieces(S1) == pieces
        tx.streams.delete(A)
        assert tx.sessions.pieces(S1) == []
        assert tx.stream_keys.get(KEY) is None
