"""What is on and how it does, as rows and as the leader keeps it, on both databases."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.audience.memory import MemoryViewers
from pipeline.audience.port import ViewerKind
from pipeline.core.errors import LeaseLost, NotFound
from pipeline.core.minutes import Minute
from pipeline.database.port import Database
from pipeline.database.stream_stats import MinuteRow
from pipeline.database.streams import SessionRow, Touch
from pipeline.services import claims, live, sessions, stream_minutes, stream_stats, streams
from pipeline.services.claims import Offer
from pipeline.services.stream_minutes import MinuteKeeper
from schemas.identity import Playback
from schemas.stream_stats import StreamMinute
from schemas.streams import SessionId, StreamId, StreamState
from schemas.vocabulary import QueueName, WorkerId
from tests.support.broadcasting import LEASE_S, Channel, channel, publish, shown

BLANK = Minute(1, None, None, None, None, None, None, None, None)
FLV = ViewerKind.FLV


@pytest.fixture
def on(database: Database) -> Channel:
    return channel(database)


@pytest.fixture
def session(database: Database, on: Channel) -> SessionRow:
    return publish(database, on.secret)


def tell(database: Database, session: SessionRow, **facts: Any) -> None:
    touch = Touch(session.id, session.epoch, 4096, is_alive=True, facts=facts)
    sessions.touch_sessions(database, [touch], lease_s=LEASE_S)


def kept(database: Database, stream_id: StreamId) -> tuple[StreamMinute, ...]:
    found = stream_stats.series(
        database, stream_id, owner=None, session_id=None, from_s=None, cursor=None, limit=100
    )
    return found.items


def add(database: Database, *rows: MinuteRow) -> None:
    with database.write() as tx:
        tx.stream_stats.add_minutes(rows)


def test_what_is_on_is_listed_newest_first(database: Database) -> None:
    first, hidden = channel(database), channel(database, playback=Playback.UNLISTED)
    ids = [publish(database, one.secret).id for one in (first, hidden)]
    sessions.drop_session(database, ids[0], epoch=1)

    with database.read() as tx:
        everything = tx.stream_stats.on_air(None, 10)
        public = tx.stream_stats.on_air(None, 10, is_public=True)
        rest = tx.stream_stats.on_air((everything[0][0], everything[0][1].id), 10)

    assert [row.id for _, row in everything] == ids[::-1]
    assert [(row.id, row.is_away, row.title) for _, row in public] == [(ids[0], True, "Talk")]
    assert [row.id for _, row in rest] == [ids[0]]
    assert 0 <= everything[0][1].age_s < 60
    sessions.close_session(database, ids[0])
    with database.read() as tx:
        assert [row.id for _, row in tx.stream_stats.on_air(None, 10)] == [ids[1]]


def test_a_stream_does_as_its_newest_broadcast(database: Database, on: Channel) -> None:
    viewers = MemoryViewers()
    before = stream_stats.read(database, viewers, [on.id, StreamId("none")])[on.id]
    old = publish(database, on.secret)
    sessions.close_session(database, old.id)
    new = publish(database, on.secret)
    tell(database, new, frame_rate=30.0, bitrate_bps=2_500_000, drift_ms=-12, width_px=1280)
    with database.write() as tx:
        tx.sessions.note_live(new.id, {"ladder_speed": 0.8, "lag_ms": 900, "thinned": ["720p"]})
    viewers.seen(on.id, ["kim"], FLV)

    now = stream_stats.read(database, viewers, [on.id])[on.id]

    assert (before.status, before.session_id, before.duration_s) == ("preparing", None, None)
    assert (now.status, now.session_id, now.received_bytes) == ("live", new.id, 4096)
    assert (now.frame_rate, now.bitrate_bps, now.drift_ms) == (30.0, 2_500_000, -12)
    assert (now.ladder_speed, now.lag_ms, now.thinned) == (0.8, 900, ("720p",))
    assert (now.viewer_count, now.peak_viewers) == (1, 1)
    assert now.viewers is not None
    assert (now.viewers.flv, now.viewers.hls) == (1, 0)
    assert now.duration_s is not None
    assert 0 <= now.duration_s < 60


def test_only_who_holds_the_work_tells_how_it_goes(database: Database, session: SessionRow) -> None:
    offer = Offer(WorkerId("w"), QueueName.LIVE, "test", 2**40)
    held = claims.claim(database, offer, lease_s=60)
    assert held is not None
    live.note(database, held.task_id, held.epoch, session.id, {"lag_ms": 900})

    with pytest.raises(LeaseLost):
        live.note(database, held.task_id, held.epoch - 1, session.id, {"lag_ms": 0})

    with database.read() as tx:
        row = tx.sessions.get(session.id)
    assert row is not None
    assert row.live_facts == {"lag_ms": 900}


def test_nothing_comes_while_a_publisher_is_away(
    database: Database, on: Channel, session: SessionRow
) -> None:
    tell(database, session, frame_rate=30.0, bitrate_bps=2_500_000, width_px=1280)
    sessions.drop_session(database, session.id, epoch=1)

    away = stream_stats.read(database, MemoryViewers(), [on.id])[on.id]

    assert (away.status, away.is_reconnecting) == (StreamState.LIVE, True)
    assert (away.frame_rate, away.bitrate_bps, away.width_px) == (0, 0, 1280)


def test_what_is_over_is_measured_no_more(
    database: Database, on: Channel, session: SessionRow
) -> None:
    tell(database, session, frame_rate=30.0)
    viewers = MemoryViewers()
    viewers.seen(on.id, ["kim"], FLV)
    sessions.close_session(database, session.id)

    over = stream_stats.read(database, viewers, [on.id])[on.id]

    assert (over.status, over.session_id, over.frame_rate) == ("ended", session.id, None)
    assert over.viewer_count == 0


def test_peaks_only_rise_and_begin_anew_with_each_broadcast(
    database: Database, on: Channel, session: SessionRow
) -> None:
    for n in (3, 2):
        with database.write() as tx:
            tx.stream_stats.raise_peaks({session.id: n, SessionId("none"): 9})
    first = shown(database, on.id)
    sessions.close_session(database, session.id)
    publish(database, on.secret)
    second = shown(database, on.id)

    assert (first.peak_viewers, first.sessions[0].peak_viewers) == (3, 3)
    assert (second.peak_viewers, [one.peak_viewers for one in second.sessions]) == (0, [0, 3])


def test_minutes_are_kept_once_and_listed_in_pages(
    database: Database, on: Channel, session: SessionRow
) -> None:
    rows = [MinuteRow(session.id, at, replace(BLANK, viewers=at / 60)) for at in (60, 120, 180)]
    add(database, *rows)
    add(database, replace(rows[0], minute=BLANK), MinuteRow(SessionId("none"), 60, BLANK))

    found = kept(database, on.id)
    page = stream_stats.series(
        database, on.id, owner=None, session_id=session.id, from_s=61, cursor=None, limit=1
    )
    rest = stream_stats.series(
        database, on.id, owner=None, session_id=session.id, from_s=61, cursor=page.next, limit=1
    )

    assert [one.viewers for one in found] == [1.0, 2.0, 3.0]
    assert [one.viewers for one in (*page.items, *rest.items)] == [2.0, 3.0]
    assert rest.next is None
    with pytest.raises(NotFound):
        stream_stats.series(
            database, on.id, owner="other", session_id=None, from_s=None, cursor=None, limit=1
        )


def test_a_deleted_stream_takes_its_minutes_along(
    database: Database, on: Channel, session: SessionRow
) -> None:
    add(database, MinuteRow(session.id, 60, BLANK))
    streams.delete(database, on.id, owner=None)
    # As a leader would that has not heard of it yet.
    add(database, MinuteRow(session.id, 120, BLANK))
    with database.read() as tx:
        assert tx.stream_stats.minutes(on.id, None, 10) == []
        assert tx.stream_stats.gates([on.id]) == {}


def test_old_minutes_are_forgotten_in_batches(
    database: Database, on: Channel, session: SessionRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_minutes, "_TRIM_BATCH", 2)
    with database.read() as tx:
        now_s = int(tx.jobs.now())
    add(database, *(MinuteRow(session.id, at, BLANK) for at in (60, 120, 180, now_s)))

    assert [stream_minutes.trim(database, kept_s=3600) for _ in range(3)] == [2, 1, 0]
    assert [int(one.minute_at.timestamp()) for one in kept(database, on.id)] == [now_s]


class Clock:
    """Which minute it is for the keeper."""

    def __init__(self) -> None:
        self.at_s = 600

    def minute_of(self, _now_s: float) -> int:
        return self.at_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(stream_minutes, "minute_of", clock.minute_of)
    return clock


def test_the_leader_keeps_a_row_a_minute(
    database: Database, on: Channel, session: SessionRow, clock: Clock
) -> None:
    viewers = MemoryViewers()
    keeper = MinuteKeeper(database, viewers)
    tell(database, session, bitrate_bps=1000, dropped_frames=2)
    viewers.seen(on.id, ["kim", "lee"], FLV)
    assert keeper.tick() == 1
    viewers.left(on.id, ["lee"], FLV)
    tell(database, session, bitrate_bps=3000, dropped_frames=5)
    keeper.tick()
    assert kept(database, on.id) == ()

    clock.at_s += 60
    keeper.tick()

    (minute,) = kept(database, on.id)
    assert (minute.minute_at.timestamp(), minute.session_id) == (600, session.id)
    assert (minute.viewers, minute.most_viewers) == (1.5, 2)
    assert (minute.bitrate_bps, minute.dropped_frames) == (2000, 3)
    assert shown(database, on.id).peak_viewers == 2


def test_what_ends_is_written_at_once_with_its_last_peak(
    database: Database, on: Channel, session: SessionRow, clock: Clock
) -> None:
    viewers = MemoryViewers()
    keeper = MinuteKeeper(database, viewers)
    keeper.tick()
    viewers.seen(on.id, ["kim", "lee"], FLV)
    viewers.left(on.id, ["kim", "lee"], FLV)
    sessions.close_session(database, session.id)

    assert keeper.tick() == 0

    assert [int(one.minute_at.timestamp()) for one in kept(database, on.id)] == [clock.at_s]
    assert shown(database, on.id).peak_viewers == 2
    assert keeper.tick() == 0


def test_a_peak_between_two_looks_is_not_lost(
    database: Database,
    on: Channel,
    session: SessionRow,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_minutes, "_YOUNG_S", -1.0)
    viewers = MemoryViewers()
    keeper = MinuteKeeper(database, viewers)
    keeper.tick()
    viewers.seen(on.id, ["kim", "lee", "park"], FLV)
    viewers.left(on.id, ["kim", "lee", "park"], FLV)
    keeper.tick()

    assert shown(database, on.id).peak_viewers == 3
    clock.at_s += 60
    keeper.tick()
    assert [one.most_viewers for one in kept(database, on.id)] == [3]


def test_a_young_broadcast_does_not_inherit_a_peak(
    database: Database, on: Channel, session: SessionRow
) -> None:
    viewers = MemoryViewers()
    viewers.seen(on.id, ["kim"], FLV)
    viewers.left(on.id, ["kim"], FLV)
    MinuteKeeper(database, viewers).tick()

    assert shown(database, session.stream_id).peak_viewers == 0


def test_where_nobody_knows_the_minute_says_so(
    database: Database, on: Channel, session: SessionRow, clock: Clock
) -> None:
    from pipeline.audience.redis import RedisViewers
    from tests.support.ports import free_port

    viewers = RedisViewers(f"redis://127.0.0.1:{free_port()}/0")
    keeper = MinuteKeeper(database, viewers)
    keeper.tick()
    clock.at_s += 60
    keeper.tick()

    assert [(one.viewers, one.most_viewers) for one in kept(database, on.id)] == [(None, None)]
    assert stream_stats.read(database, viewers, [on.id])[on.id].viewer_count is None
    viewers.close()
    assert session.id == kept(database, on.id)[0].session_id
