"""Doors and workers that are killed in mid-stream: it goes on elsewhere, and is recorded whole."""

import time
from pathlib import Path

import pytest

from pipeline.core.flv.tags import Tag
from schemas.vocabulary import TaskKind, TaskState
from tests.support.live_fleet import LiveFleet, Stream
from tests.support.live_viewer import Viewer
from tests.support.recorded import Recorded
from tests.support.roles import Worker
from tests.support.streamer import insisting, laps
from tests.support.waiting import wait_until

#: What a door may lose that is killed; what a viewer may wait while a worker is replaced.
_LOST_S, _TAKEOVER_S = 2.0, 10.0


def _is_worked_on(air: LiveFleet, stream: Stream, beside: Worker) -> bool:
    tasks = [task for task in air.job(stream).tasks if task.kind is TaskKind.LIVE]
    return any(t.state is TaskState.RUNNING and air.owner_of(t) is not beside for t in tasks)


@pytest.mark.timeout(150)
def test_a_killed_door_and_a_killed_worker_in_one_broadcast(
    air: LiveFleet, film: list[Tag], tmp_path: Path
) -> None:
    api = air.open(n_ingests=2, n_workers=2)
    stream = air.stream()
    dying, other = air.ingests
    streamer = insisting(lambda: dying.rtmp_port, stream.key, lambda: laps(film))
    air.wait_for_segments(stream, 3)

    with Viewer(air.watched_at(api, stream)) as viewer:
        dying.kill()
        streamer.wait_for_end(10)
        cut_at_s = streamer.cut()
        streamer = insisting(lambda: other.rtmp_port, stream.key, lambda: laps(film))
        gap_s = streamer.began_at_s - cut_at_s
        print(f"let in at the other door {gap_s:.1f} s after")
        dying.launch()
        n_before = air.n_segments(stream)
        air.wait_for_segments(stream, n_before + 3)

        victim = air.worker_of(stream)
        assert victim is not None
        killed_at_s = time.monotonic()
        victim.power_off()
        wait_until(lambda: _is_worked_on(air, stream, victim), timeout_s=30)
        took_s = time.monotonic() - killed_at_s
        n_before = air.n_segments(stream)
        air.wait_for_segments(stream, n_before + 1)
        first_s = time.monotonic() - killed_at_s
        print(f"taken over after {took_s:.1f} s, shown again after {first_s:.1f} s")
        air.wait_for_segments(stream, n_before + 4)
        sent_s = streamer.cut() - streamer.began_at_s
        air.close_sessions(stream)
        air.wait_for_recordings(stream)
        print(f"longest wait {viewer.longest_wait_s():.1f} s, {viewer.answers}")

    assert took_s < _TAKEOVER_S
    assert viewer.faults == []
    assert set(viewer.answers) == {200}
    assert air.n_sessions(stream) == 1
    _require_recording(air, stream, gap_s, sent_s, tmp_path / "live")
    air.wait_for_whole_recordings(stream)
    _require_recording(air, stream, gap_s, sent_s, tmp_path / "whole")


def _require_recording(
    air: LiveFleet, stream: Stream, gap_s: float, sent_s: float, folder: Path
) -> None:
    recorded = Recorded(air.pipeline, air.session(stream).asset_id, folder)
    (gap,) = recorded.gaps_s()
    assert gap_s - 1 < gap < gap_s + _LOST_S + 1
    for rung in recorded.pictures:
        before, after = recorded.shown(rung)
        assert before == list(range(len(before)))
        assert after == [number % 600 for number in range(len(after))]
        assert len(after) / 25 == pytest.approx(sent_s, abs=0.6)
    # Of the takeover there is one trace at most.
    assert len(recorded.numbers(recorded.pictures[0])) <= 3
