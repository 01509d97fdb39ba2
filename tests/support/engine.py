"""Hands for driving the services without media: assets, claims, and results made up to fit."""

from fractions import Fraction

from pipeline.core.graph import NewTask
from pipeline.database.port import Database
from pipeline.database.rows import NewAsset, NewJob
from pipeline.profiles import built_in
from pipeline.services import claims, jobs, tasks
from pipeline.services.claims import Claimed, Offer
from pipeline.services.ids import new_id, new_task_id
from schemas.certificate import Point, PointName, Verdict
from schemas.fetching import FetchParams, FetchResult
from schemas.http import JobRequest, JobView
from schemas.idle import IdleParams, IdleResult
from schemas.media import AudioFacts, MediaFacts, VideoFacts
from schemas.tasks import (
    EncodeAudioParams,
    EncodeAudioResult,
    EncodeParams,
    EncodeResult,
    PackageParams,
    PackageResult,
    ProbeParams,
    ProbeResult,
    ProveParams,
    ProveResult,
    RenditionMade,
    SegmentMade,
    TaskResult,
    ThumbnailsResult,
)
from schemas.vocabulary import AssetId, JobId, QueueName, WorkerId

LEASE_S = 12.0
#: A point as a proof that found nothing wrong would answer.
PROVEN = Point(name=PointName.FRAMES, verdict=Verdict.PASSED)
BUILD = "build-a"


def facts(duration_s: int = 30, *, with_audio: bool = True) -> MediaFacts:
    """A plain 25 fps picture of 640×360 with sound."""
    video = VideoFacts(
        index=0,
        codec="h264",
        width_px=640,
        height_px=360,
        display_width_px=640,
        display_height_px=360,
        pixel_format="yuv420p",
        frame_rate=Fraction(25),
        start_s=Fraction(0),
        duration_s=Fraction(duration_s),
        n_frames=25 * duration_s,
        keyframes_s=tuple(float(s) for s in range(0, duration_s, 2)),
    )
    audio = AudioFacts(
        index=1,
        codec="aac",
        channels=2,
        sample_rate_hz=48_000,
        start_s=Fraction(0),
        duration_s=Fraction(duration_s),
    )
    return MediaFacts(
        container="mov",
        size_bytes=1_000_000,
        duration_s=Fraction(duration_s),
        start_s=Fraction(0),
        video=video,
        audios=(audio,) if with_audio else (),
    )


def add_asset(db: Database, *, sha256: str = "0" * 64) -> AssetId:
    asset_id = AssetId(new_id())
    with db.write() as tx:
        tx.assets.add(
            NewAsset(
                id=asset_id,
                account="local",
                filename="clip.mp4",
                source_key=f"assets/{asset_id}/source",
                size_bytes=1_000_000,
                sha256=sha256,
            )
        )
    return asset_id


def submit(
    db: Database,
    *,
    asset_id: AssetId | None = None,
    priority: int = 5,
    max_attempts: int = 3,
    max_lost: int = 3,
) -> JobView:
    request = JobRequest(asset_id=asset_id or add_asset(db), priority=priority)
    return jobs.submit(
        db, request, built_in().get("default"), max_attempts=max_attempts, max_lost=max_lost
    )


def submit_idle(
    db: Database,
    n_tasks: int,
    *,
    duration_s: float = 0.0,
    queue: QueueName = QueueName.ENCODE_CPU,
    is_express: bool = False,
) -> JobId:
    """A job of independent tasks that do nothing for a while."""
    asset_id, job_id = add_asset(db), JobId(new_id())
    with db.write() as tx:
        job = NewJob(
            id=job_id,
            asset_id=asset_id,
            account="local",
            profile=built_in().get("default"),
            priority=5,
            rank=tx.jobs.now(),
            metadata={},
            is_dry_run=False,
            max_attempts=3,
            max_lost=3,
        )
        made = [
            NewTask(
                id=new_task_id(),
                params=IdleParams(duration_s=duration_s),
                queue=queue,
                rank=job.rank + i / 1000,
                is_express=is_express,
            )
            for i in range(n_tasks)
        ]
        tx.jobs.add(job)
        tx.tasks.add(job, "0" * 64, made)
        tx.outbox.add([task.id for task in made])
    return job_id


def claim(
    db: Database,
    queue: QueueName,
    *,
    worker: str = "w1",
    build: str = BUILD,
    free_bytes: int = 2**40,
    cached: tuple[str, ...] = (),
    lease_s: float = LEASE_S,
) -> Claimed | None:
    offer = Offer(
        worker_id=WorkerId(worker),
        queue=queue,
        encoder_build=build,
        scratch_free_bytes=free_bytes,
        cached=cached,
    )
    return claims.claim(db, offer, lease_s=lease_s)


def must_claim(db: Database, queue: QueueName, *, worker: str = "w1") -> Claimed:
    claimed = claim(db, queue, worker=worker)
    assert claimed is not None, f"nothing to claim in {queue}"
    return claimed


def finish(db: Database, claimed: Claimed) -> None:
    tasks.finish(db, claimed.task_id, claimed.epoch, result_for(claimed))


def run_to_end(db: Database) -> int:
    """Claim and finish everything there is; return how many tasks that were."""
    n_done = 0
    while any(_finish_one(db, queue) for queue in QueueName):
        n_done += 1
    return n_done


def _finish_one(db: Database, queue: QueueName) -> bool:
    claimed = claim(db, queue)
    if claimed is None:
        return False
    if isinstance(claimed.params, EncodeAudioParams):
        publish_audio(db, claimed, claimed.params)
    finish(db, claimed)
    return True


def publish_audio(db: Database, claimed: Claimed, params: EncodeAudioParams) -> None:
    made = _rendition(claimed, params.audio.name)
    segment = _segment(claimed, params.audio.name, 0)
    tasks.publish(db, claimed.task_id, claimed.epoch, [made], [segment])


def result_for(  # noqa: PLR0911  # one per kind of task
    claimed: Claimed,
) -> TaskResult:
    """Make up what a step would have answered."""
    match claimed.params:
        case FetchParams() as params:
            return FetchResult(key=params.key, size_bytes=1_000_000, sha256="0" * 64)
        case ProbeParams():
            return ProbeResult(facts=facts())
        case EncodeParams() as params:
            return _encoded(claimed, params)
        case EncodeAudioParams():
            return EncodeAudioResult(n_segments=1)
        case PackageParams():
            return PackageResult(files={"master.m3u8": f"{claimed.prefix}master.m3u8"})
        case ProveParams() as params:
            return ProveResult(stretch=params.stretch, points=(PROVEN,), cpu_s=1.5)
        case IdleParams():
            return IdleResult()
        case _:
            return ThumbnailsResult(posters=())


def _encoded(claimed: Claimed, params: EncodeParams) -> EncodeResult:
    n = params.grid.segment_frames
    first, end = params.chunk.first_frame // n, -(-params.chunk.end_frame // n)
    return EncodeResult(
        renditions=tuple(_rendition(claimed, rung.name) for rung in params.rungs),
        segments=tuple(
            _segment(claimed, rung.name, index)
            for rung in params.rungs
            for index in range(first, end)
        ),
        encoder_build=BUILD,
        encode_s=1.0,
    )


def _rendition(claimed: Claimed, name: str) -> RenditionMade:
    return RenditionMade(
        name=name,
        codecs="avc1.64001e",
        init_sha256="1" * 64,
        init_key=f"{claimed.prefix}{name}/init.mp4",
        init_size_bytes=800,
    )


def _segment(claimed: Claimed, name: str, index: int) -> SegmentMade:
    return SegmentMade(
        rendition=name,
        index=index,
        duration_s=Fraction(4),
        size_bytes=1000,
        key=f"{claimed.prefix}{name}/{index:05d}.m4s",
        init_key=f"{claimed.prefix}{name}/init.mp4",
    )
