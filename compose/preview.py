"""What would be made of a local file: the workers' own probe, then the plan; no server asked."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from pipeline import profiles
from pipeline.core.errors import NotFound
from pipeline.services.dryrun import preview_facts
from pipeline.settings import Settings
from schemas.http import DryRunView
from schemas.media import MediaFacts
from schemas.tasks import ProbeParams, RenditionMade, SegmentMade, SourceRef
from schemas.timeline import Timeline
from schemas.trim import Trim
from schemas.vocabulary import AssetId
from workers.bench import Tools
from workers.ffmpeg import tools
from workers.ffmpeg.confinement.ladder import demand
from workers.steps import probe


def preview(
    path: Path, profile_name: str, settings: Settings, *, trim: Trim | None = None
) -> DryRunView:
    """Probe a file and plan for it.

    Raises:
        InvalidRequest: there is no such profile, or a file of profiles is wrong.
        MediaError: it cannot be made playable.
        Unavailable: ``unavailable.isolation``.
    """
    profile = profiles.load(settings.profiles_dir).get(profile_name)
    if trim is not None:
        profile = profile.model_copy(update={"trim": trim})
    demand(settings.isolation)
    return preview_facts(_facts(path, settings), profile)


def _facts(path: Path, settings: Settings) -> MediaFacts:
    source = SourceRef(
        # Neither is looked at on the way to the facts.
        asset_id=AssetId("local"),
        key="source",
        size_bytes=path.stat().st_size,
        sha256="",
    )
    with tempfile.TemporaryDirectory(prefix="reelmill-plan-") as folder:
        bench = LocalBench(scratch=Path(folder), tools=_tools(settings), path=path.absolute())
        return probe.run(ProbeParams(source=source), bench).facts


def _tools(settings: Settings) -> Tools:
    ffmpeg, ffprobe = tools.find(settings)
    return Tools(
        ffmpeg=ffmpeg,
        ffprobe=ffprobe,
        # Probing encodes nothing.
        encoders=(),
        encoder_build="",
        threads=settings.encoder_threads or os.cpu_count() or 1,
        use_gpu=False,
        stall_s=settings.stall_s,
        max_source_pixels=settings.max_source_pixels,
        max_source_duration_s=settings.max_source_duration_s,
        max_source_streams=settings.max_source_streams,
    )


@dataclass
class LocalBench:
    """A working place for a step whose source is a local file and that stores nothing."""

    scratch: Path
    tools: Tools
    path: Path
    stop: Event = field(default_factory=Event)

    def source(self, ref: SourceRef) -> Path:  # noqa: ARG002 - there is one source only
        """Name the file, under a name of our own."""
        # Users' names mean things to ffmpeg; a link has the same bytes and none of the name.
        link = self.scratch / "source"
        if not link.is_symlink():
            link.symlink_to(self.path)
        return link

    def put(self, path: Path, name: str, *, content_type: str) -> str:  # noqa: ARG002 - no store
        """Store nothing."""
        raise NotFound(f"There is no store for {name} here.", code="plan.no_store")

    def put_source(self, path: Path, name: str) -> SourceRef:
        """Refer to a copy that goes with the folder: planning needs its facts only."""
        return SourceRef(
            asset_id=AssetId("local"), key=name, size_bytes=path.stat().st_size, sha256=""
        )

    def head(self, key: str, size_bytes: int) -> bytes:  # noqa: ARG002 - no store
        """Have nothing stored."""
        raise NotFound(f"There is no store with {key} here.", code="plan.no_store")

    def content_key(self) -> bytes:
        """Have no job that encrypts."""
        raise NotFound("There is no key here.", code="plan.no_store")

    def fetch(self, key: str, path: Path) -> None:  # noqa: ARG002 - no store
        """Have nothing stored."""
        raise NotFound(f"There is no store with {key} here.", code="plan.no_store")

    def report(self, progress: dict[str, float], *, speed: float | None = None) -> None:
        """Tell nobody."""

    def publish(self, renditions: Sequence[RenditionMade], segments: Sequence[SegmentMade]) -> None:
        """Publish nothing."""

    def timeline(self) -> Timeline:
        """Have nothing published."""
        raise NotFound("Nothing is published here.", code="plan.no_store")
