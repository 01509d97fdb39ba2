"""A disk that fills up in mid-stream and has room again: the door's spool."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pipeline.core.flv.tags import Tag
from tests.support.live_fleet import LiveFleet
from tests.support.live_viewer import Viewer
from tests.support.recorded import Recorded
from tests.support.small_disk import small_disk
from tests.support.streamer import Streamer, laps

_DISK_BYTES = 24 * 2**20
_FULL_S = 6.0


@contextmanager
def _filled(disk: Path) -> Iterator[None]:
    """Leave no byte free."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()


def _go_through(
    air: LiveFleet, film: list[Tag], disk: Path, folder: Path, *, wait_s: float
) -> None:
    air.add_scheduler()
    api = air.add_api()
    stream = air.stream()
    streamer = Streamer(air.ingests[0].rtmp_port, stream.key, laps(film))
    air.wait_for_segments(stream, 2)
    with Viewer(air.watched_at(api, stream)) as viewer:
        with _filled(disk):
            time.sleep(_FULL_S)
            assert streamer.is_on
        n_before = air.n_segments(stream)
        air.wait_for_segments(stream, n_before + 4)
        assert streamer.is_on
        sent_s = streamer.cut() - streamer.began_at_s
        air.close_sessions(stream)
        air.wait_for_recordings(stream)
    print(f"longest wait {viewer.longest_wait_s():.1f} s, {viewer.answers}")
    air.wait_for_whole_recordings(stream)
    print([warning.detail for warning in air.asset(stream).warnings])

    assert viewer.faults == []
    assert viewer.longest_wait_s() < wait_s
    recorded = Recorded(air.pipeline, air.session(stream).asset_id, folder / "whole")
    assert recorded.gaps_s() == []
    for rung in recorded.pictures:
        (shown,) = recorded.shown(rung)
        assert shown == [number % 600 for number in range(len(shown))]
        assert len(shown) / 25 == pytest.approx(sent_s, abs=0.6)


def test_a_full_spool_costs_viewers_nothing(
    air: LiveFleet, film: list[Tag], tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", _DISK_BYTES) as disk:
        air.add_ingest(spool_dir=disk / "spool", spool_floor_bytes=0)
        air.add_live_worker()
        _go_through(air, film, disk, tmp_path, wait_s=8.0)
