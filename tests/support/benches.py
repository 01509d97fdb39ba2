"""A bench over a plain folder: what a step is handed where nothing else of Reelmill runs."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

from pipeline.settings import Settings
from schemas.tasks import RenditionMade, SegmentMade, SourceRef
from schemas.timeline import Timeline
from workers.bench import Bench, Tools
from workers.ffmpeg.tools import find

CONTENT_KEY = bytes(range(16))
ENCODERS = ("libx264", "libx265", "libvpx-vp9", "libsvtav1")


def tools() -> Tools:
    """The tools of this box as a worker would find them, limits kept small."""
    ffmpeg, ffprobe = find(Settings())
    return Tools(
        ffmpeg=ffmpeg,
        ffprobe=ffprobe,
        encoders=ENCODERS,
        encoder_build="test-build",
        threads=2,
        use_gpu=False,
        stall_s=60.0,
        max_source_pixels=1920 * 1080,
        max_source_duration_s=3600.0,
        max_source_streams=8,
    )


class FolderBench(Bench):
    """Stores below ``folder``/stored; remembers what was reported and published."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.scratch = folder / "scratch"
        self.scratch.mkdir(parents=True)
        self.stored = folder / "stored"
        self.tools = tools()
        self.stop = Event()
        self.reports: list[dict[str, float]] = []
        self.renditions: list[RenditionMade] = []
        self.published: list[SegmentMade] = []
        #: Called after each publish, with this bench.
        self.on_publish: Callable[[FolderBench], None] = lambda _: None
        self._source = source

    def source(self, ref: SourceRef) -> Path:
        return self._source

    def put(self, path: Path, name: str, *, content_type: str) -> str:
        target = self.stored / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        return name

    def put_source(self, path: Path, name: str) -> SourceRef:
        raise AssertionError("no step here mends a source")

    def head(self, key: str, size_bytes: int) -> bytes:
        with (self.stored / key).open("rb") as file:
            return file.read(size_bytes)

    def content_key(self) -> bytes:
        return CONTENT_KEY

    def fetch(self, key: str, path: Path) -> None:
        shutil.copyfile(self.stored / key, path)

    def report(self, progress: dict[str, float], *, speed: float | None = None) -> None:
        self.reports.append(progress)

    def publish(self, renditions: Sequence[RenditionMade], segments: Sequence[SegmentMade]) -> None:
        self.renditions.extend(renditions)
        self.published.extend(segments)
        self.on_publish(self)

    def timeline(self) -> Timeline:
        raise AssertionError("no step here reads the timeline")
