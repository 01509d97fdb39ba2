"""Works a job through by hand, one task at a time, so that a test can stop in the middle.

Claims, steps and reports are the product's own; only the worker process around them is missing.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

from pipeline.bootstrap import Pipeline
from pipeline.services import assets, claims, fleet, jobs, playback, tasks, watermarks
from pipeline.services.claims import Claimed, Offer
from schemas.http import JobRequest
from schemas.identity import Playback
from schemas.profile import AudioWish, Profile, Rung
from schemas.tasks import RenditionMade, SegmentMade, SourceRef, TaskResult
from schemas.timeline import Timeline
from schemas.vocabulary import AssetId, JobId, QueueName, TaskKind, WorkerId
from schemas.workers import Capabilities
from tests.support.folder_bench import source_ref, tools
from workers.recorded import RecordedBroadcast
from workers.steps import (
    analyze,
    copy,
    encode,
    encode_audio,
    extract_subtitles,
    mux,
    package,
    probe,
    prove,
    record,
    thumbnails,
)

#: Two rungs of two-second segments; the second chunk begins after the first segment.
SMALL = Profile(
    name="small",
    ladder=(
        Rung(name="180p", height_px=180, bitrate_bps=600_000),
        Rung(name="96p", height_px=96, bitrate_bps=200_000),
    ),
    audio=AudioWish(bitrate_bps=64_000),
    preset="ultrafast",
    segment_s=2,
    chunk_s=4,
    first_chunk_segments=1,
)
_WORKER = WorkerId("by-hand")
_STEPS: dict[TaskKind, Callable[..., TaskResult]] = {
    TaskKind.PROBE: probe.run,
    TaskKind.ANALYZE: analyze.run,
    TaskKind.THUMBNAILS: thumbnails.run,
    TaskKind.ENCODE: encode.run,
    TaskKind.COPY: copy.run,
    TaskKind.ENCODE_AUDIO: encode_audio.run,
    TaskKind.EXTRACT_SUBTITLES: extract_subtitles.run,
    TaskKind.MUX: mux.run,
    TaskKind.PACKAGE: package.run,
    TaskKind.PROVE: prove.run,
    TaskKind.RECORD: record.run,
}


class StoreBench:
    """What a step works at, over a real store and database."""

    def __init__(self, pipeline: Pipeline, claimed: Claimed, scratch: Path) -> None:
        self.scratch = scratch
        self.scratch.mkdir(parents=True)
        self.tools = tools()
        self.stop = Event()
        self._pipeline = pipeline
        self._claimed = claimed

    def source(self, ref: SourceRef) -> Path:
        """Copy the source into the scratch folder."""
        path = self.scratch / "source"
        self._pipeline.storage.fetch(ref.key, path)
        return path

    @property
    def recording(self) -> RecordedBroadcast:
        """What was recorded, for real."""
        return RecordedBroadcast(self._pipeline, self._claimed)

    def put(self, path: Path, name: str, *, content_type: str) -> str:
        """Store a file under the attempt's prefix."""
        key = f"{self._claimed.prefix}{name}"
        self._pipeline.storage.put_file(key, path, content_type=content_type)
        return key

    def put_source(self, path: Path, name: str) -> SourceRef:
        """Store a mended copy of the source."""
        key = self.put(path, name, content_type="application/octet-stream")
        return source_ref(path).model_copy(update={"key": key, "asset_id": self._claimed.asset_id})

    def head(self, key: str, size_bytes: int) -> bytes:
        """Read the beginning of a stored object."""
        with self._pipeline.storage.open(key, length=size_bytes) as blocks:
            return b"".join(blocks)

    def content_key(self) -> bytes:
        """Read the key of the job."""
        return playback.content_key(self._pipeline.database, self._claimed.job_id)

    def fetch(self, key: str, path: Path) -> None:
        """Copy a stored object here."""
        self._pipeline.storage.fetch(key, path)

    def report(self, progress: dict[str, float], *, speed: float | None = None) -> None:
        """Nobody is told."""

    def publish(self, renditions: Sequence[RenditionMade], segments: Sequence[SegmentMade]) -> None:
        """Publish for real."""
        held = self._claimed
        tasks.publish(self._pipeline.database, held.task_id, held.epoch, renditions, segments)

    def timeline(self) -> Timeline:
        """Read what is published for real."""
        return playback.job_timeline(self._pipeline.database, self._claimed.job_id)


class Hand:
    """One pair of hands over a pipeline; ``folder`` is where they work."""

    def __init__(self, pipeline: Pipeline, folder: Path) -> None:
        self._pipeline = pipeline
        self._folder = folder
        fleet.register(
            pipeline.database,
            _WORKER,
            "here",
            tuple(QueueName),
            1,
            Capabilities(
                ffmpeg_version="9",
                encoder_build="test",
                encoders=(),
                n_cores=1,
                scratch_free_bytes=2**40,
            ),
        )

    def submit(
        self, source: Path, profile: Profile = SMALL, *, playback: Playback = Playback.PUBLIC
    ) -> tuple[AssetId, JobId]:
        """Hand a file in and ask for it to be made playable."""
        database = self._pipeline.database
        asset = assets.create(
            database,
            self._pipeline.storage,
            filename=source.name,
            blocks=[source.read_bytes()],
            limit_bytes=2**30,
            playback=playback,
        )
        watermarks.keep(database, self._pipeline.storage, asset.id, profile)
        request = JobRequest(asset_id=asset.id)
        return asset.id, jobs.submit(database, request, profile, max_attempts=1, max_lost=1).id

    def work(self, *queues: QueueName, n_tasks: int = 1000) -> int:
        """Do up to so many tasks of these queues (all if none is named); tell how many it were."""
        n_done = 0
        while n_done < n_tasks and (claimed := self._claim(queues or tuple(QueueName))):
            folder = self._folder / f"{claimed.task_id}-{claimed.epoch}"
            bench = StoreBench(self._pipeline, claimed, folder)
            result = _STEPS[claimed.params.kind](claimed.params, bench)
            tasks.finish(self._pipeline.database, claimed.task_id, claimed.epoch, result)
            n_done += 1
        return n_done

    def _claim(self, queues: Sequence[QueueName]) -> Claimed | None:
        for queue in queues:
            offer = Offer(_WORKER, queue, "test", 2**40)
            claimed = claims.claim(self._pipeline.database, offer, lease_s=60)
            if claimed is not None:
                return claimed
        return None
