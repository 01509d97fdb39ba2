"""Large uploads leave the API's memory as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

from tests.support.doors import OwnDoor
from tests.support.padded import PaddedFilm, small_clip
from tests.support.pouring import pour

MIB = 2**20
LIMIT_BYTES = 64 * MIB


class Watch:
    """The most memory a server and its children had at once."""

    def __init__(self, processes: list[psutil.Process]) -> None:
        self._processes = processes
        self._stop = Event()
        self.before_bytes = self._now()
        self.peak_bytes = self.before_bytes

    @contextmanager
    def watching(self) -> Iterator[None]:
        thread = Thread(target=self._look)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    @property
    def grown_bytes(self) -> int:
        return self.peak_bytes - self.before_bytes

    def _look(self) -> None:
        while not self._stop.wait(0.05):
            self.peak_bytes = max(self.peak_bytes, self._now())

    def _now(self) -> int:
        return sum(process.memory_info().rss for process in self._processes)


@pytest.fixture(params=["embedded on a folder", "gunicorn on a folder", "gunicorn on S3"])
def door(request: pytest.FixtureRequest) -> Iterator[OwnDoor]:
    form, _, store = request.param.partition(" on ")
    s3 = request.getfixturevalue("s3") if store == "S3" else None
    with OwnDoor(form, s3=s3) as door:
        yield door


def measure(door: OwnDoor, size_bytes: int, tmp_path: Path) -> None:
    clip = small_clip(tmp_path)
    # A small one first: what is loaded at the first use is no growth.
    pour(door.url, PaddedFilm(clip, 12 * MIB))
    watch = Watch(door.processes)
    film = PaddedFilm(clip, size_bytes)
    with watch.watching():
        location, seconds = pour(door.url, film)
    print(
        f"{size_bytes / MIB:.0f} MiB at {size_bytes / MIB / seconds:.0f} MiB/s: "
        f"{watch.before_bytes / MIB:.0f} MiB, at most {watch.grown_bytes / MIB:.1f} more"
    )

    assert watch.grown_bytes <= LIMIT_BYTES
    assert door.sha256(location) == film.sha256


def test_a_gigabyte_arrives_in_flat_memory(door: OwnDoor, tmp_path: Path) -> None:
    measure(door, 10**9, tmp_path)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_gigabytes_arrive_in_flat_memory(door: OwnDoor, tmp_path: Path) -> None:
    measure(door, 10 * 10**9, tmp_path)
