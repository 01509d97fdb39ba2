"""A bench whose world is one folder: what steps see in tests."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from pipeline.core.argv.encoders import SOFTWARE
from pipeline.core.argv.trials import AUDIO_ENCODERS
from pipeline.settings import Settings
from schemas.tasks import RenditionMade, SegmentMade, SourceRef
from schemas.timeline import Timeline
from schemas.vocabulary import AssetId
from workers.bench import Tools
from workers.ffmpeg.tools import find

ASSET_ID = AssetId("asset1")
CONTENT_KEY = bytes(range(16))


def tools(**changes: object) -> Tools:
    """Name this box's programs with ordinary limits."""
    ffmpeg, ffprobe = find(Settings())
    values: dict[str, object] = {
        "ffmpeg": ffmpeg,
        "ffprobe": ffprobe,
        "encoders": (*SOFTWARE, *AUDIO_ENCODERS),
        "encoder_build": "test",
        "threads": 1,
        "use_gpu": False,
        "stall_s": 60.0,
        "max_source_pixels": 7680 * 4320,
        "max_source_duration_s": 43_200.0,
        "max_source_streams": 64,
    }
    return Tools(**{**values, **changes})  # type: ignore[arg-type]  # named values of a test


def source_ref(path: Path) -> SourceRef:
    """Refer to a local file as a stored source; its key is its path."""
    data = path.read_bytes()
    return SourceRef(
        asset_id=ASSET_ID,
        key=str(path),
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


class FolderBench:
    """Keeps what a step stores in ``stored``, under the attempt's prefix."""

    prefix = f"assets/{ASSET_ID}/task1-1/"

    def __init__(self, folder: Path, *, with_tools: Tools | None = None) -> None:
        self.scratch = folder / "scratch"
        self.scratch.mkdir(parents=True)
        self.stored = folder / "stored"
        self.tools = with_tools or tools()
        self.stop = Event()
        self.reports: list[dict[str, float]] = []
        self.published: list[SegmentMade] = []
        self.renditions: list[RenditionMade] = []

    def source(self, ref: SourceRef) -> Path:
        """Name the source, or its working copy, in place."""
        return self.file(ref.key) if ref.key.startswith(self.prefix) else Path(ref.key)

    def put(self, path: Path, name: str, *, content_type: str) -> str:
        """Copy a file beside the others."""
        target = self.stored / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        return self.prefix + name

    def put_source(self, path: Path, name: str) -> SourceRef:
        """Copy a working source beside the rest."""
        key = self.put(path, name, content_type="application/octet-stream")
        return source_ref(self.file(key)).model_copy(update={"key": key})

    def file(self, key: str) -> Path:
        """Find a stored file again."""
        return self.stored / key.removeprefix(self.prefix)

    def head(self, key: str, size_bytes: int) -> bytes:
        """Read the beginning of a stored file."""
        return self.file(key).read_bytes()[:size_bytes]

    def content_key(self) -> bytes:
        """Read the key of the job."""
        return CONTENT_KEY

    def fetch(self, key: str, path: Path) -> None:
        """Copy a stored file."""
        shutil.copyfile(self.file(key), path)

    def report(self, progress: dict[str, float], *, speed: float | None = None) -> None:
        """Note progress."""
        self.reports.append(progress)

    def publish(self, renditions: Sequence[RenditionMade], segments: Sequence[SegmentMade]) -> None:
        """Note what became visible."""
        self.renditions += renditions
        self.published += segments

    def timeline(self) -> Timeline:
        """Not for these steps."""
        raise NotImplementedError
