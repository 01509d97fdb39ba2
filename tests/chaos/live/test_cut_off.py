"""Publishers that are cut off and come back: one recording each, and gaps as long as they were."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.core.flv.tags import Tag
from tests.support.live_fleet import LiveFleet, Stream
from tests.support.live_viewer import Viewer
from tests.support.recorded import Recorded
from tests.support.streamer import insisting, laps


def _publish(
    air: LiveFleet, stream: Stream, film: list[Tag], on_s: float, away_s: list[float]
) -> list[float]:
    """Publish, and be cut off as often; tell for how long nothing was sent each time."""
    port = air.ingests[0].rtmp_port
    gaps_s, cut_at_s = [], 0.0
    for pause_s in [*away_s, 0.0]:
        streamer = insisting(lambda: port, stream.key, lambda: laps(film))
        time.sleep(on_s)
        if cut_at_s:
            gaps_s.append(streamer.began_at_s - cut_at_s)
        cut_at_s = streamer.cut()
        time.sleep(pause_s)
    return gaps_s


def _cut_off(
    air: LiveFleet,
    film: list[Tag],
    folder: Path,
    *,
    away_s: list[list[float]],
    on_s: float,
) -> None:
    api = air.open(slots=len(away_s))
    streams = [air.stream() for _ in away_s]
    with ThreadPoolExecutor(len(streams)) as pool, ExitStack() as watching:
        publishing = [
            pool.submit(_publish, air, stream, film, on_s, pauses)
            for stream, pauses in zip(streams, away_s, strict=True)
        ]
        for stream in streams:
            air.wait_for_segments(stream, 1)
        viewers = [
            watching.enter_context(Viewer(air.watched_at(api, stream))) for stream in streams
        ]
        gaps_s = [one.result() for one in publishing]
        air.close_sessions(*streams)
        took_s = air.wait_for_recordings(*streams)
    print(f"gaps {gaps_s}, recordings there after {took_s:.1f} s")

    for stream, viewer, gaps in zip(streams, viewers, gaps_s, strict=True):
        print(f"waits {viewer.longest_wait_s():.1f}, {viewer.n_fetched} fetched, {viewer.answers}")
        assert viewer.faults == []
        assert viewer.longest_wait_s() < max(gaps) + 8
        assert air.n_sessions(stream) == 1
    _require_recordings(air, streams, gaps_s, on_s, folder)
    air.wait_for_whole_recordings(*streams)
    _require_recordings(air, streams, gaps_s, on_s, folder)


def _require_recordings(
    air: LiveFleet, streams: list[Stream], gaps_s: list[list[float]], on_s: float, folder: Path
) -> None:
    for stream, gaps in zip(streams, gaps_s, strict=True):
        recorded = Recorded(air.pipeline, air.session(stream).asset_id, folder / "recorded")
        assert recorded.gaps_s() == pytest.approx(gaps, abs=1.0)
        for rung in recorded.pictures:
            runs = recorded.numbers(rung)
            assert len(runs) == len(gaps) + 1
            for run in runs:
                shown = [number for _, number in run]
                assert shown == list(range(len(shown)))
                assert len(shown) / 25 == pytest.approx(on_s, abs=0.6)


@pytest.mark.timeout(150)
def test_cut_publishers_come_back_to_one_recording(
    air: LiveFleet, film: list[Tag], dice: random.Random, tmp_path: Path
) -> None:
    away_s = [[dice.uniform(1, 4) for _ in range(3)] for _ in range(2)]
    _cut_off(air, film, tmp_path, away_s=away_s, on_s=5.0)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_five_publishers_cut_ten_times_for_up_to_fifty_seconds(
    air: LiveFleet, film: list[Tag], dice: random.Random, tmp_path: Path
) -> None:
    away_s = [[dice.uniform(1, 50) for _ in range(10)] for _ in range(5)]
    _cut_off(air, film, tmp_path, away_s=away_s, on_s=8.0)
