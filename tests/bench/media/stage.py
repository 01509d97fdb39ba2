"""Where the media benches stand: their sources, two cores, folders that go."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.bench.ground import Ground
from tests.bench.media.runs import two_cores
from tests.bench.media.sources import Sources


class Stage:
    """What the media benches share on one ground."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.sources = _sources(ground.folder, ground.is_quick)
        self.cores = two_cores()

    @contextmanager
    def on_two_cores(self) -> Iterator[None]:
        """Keep this process and all it starts on two cores, however many there are."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self.cores)
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    @contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        """Lend a folder; nothing of a run is left to fill the disk."""
        folder = self.ground.new_folder(name)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@cache
def _sources(folder: Path, is_quick: bool) -> Sources:  # noqa: FBT001  a key of the cache
    made = folder / "sources"
    made.mkdir()
    return Sources(made, is_quick=is_quick)
