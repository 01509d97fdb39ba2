"""Workers and queues: who is there, what it can do, what is switched off."""

from collections.abc import Sequence

from pipeline.core.errors import NotFound
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import WorkerRow
from schemas.plan import MediaPlan
from schemas.vocabulary import QueueName, TaskId, VideoCodec, WorkerId
from schemas.workers import Capabilities, QueueView, WorkerView

#: Silence after which a worker no longer counts as there. Longer than a few lost heartbeats.
LIVE_WITHIN_S = 15.0
#: GPU encoders per codec, as ffmpeg names them.
_GPU_ENCODERS = {
    VideoCodec.H264: ("h264_nvenc", "h264_vaapi", "h264_qsv"),
    VideoCodec.HEVC: ("hevc_nvenc", "hevc_vaapi", "hevc_qsv"),
    VideoCodec.AV1: ("av1_nvenc", "av1_vaapi", "av1_qsv"),
    VideoCodec.VP9: ("vp9_vaapi", "vp9_qsv"),
}


def register(
    db: Database,
    worker_id: WorkerId,
    host: str,
    queues: Sequence[QueueName],
    slots: int,
    capabilities: Capabilities,
) -> None:
    """Enter a worker with what it measured of itself."""
    with db.write() as tx:
        tx.fleet.register(worker_id, host, queues, slots, capabilities)


def leave(db: Database, worker_id: WorkerId) -> None:
    """Strike a worker off that stopped in good order."""
    with db.write() as tx:
        tx.fleet.leave(worker_id)


def drain(db: Database, worker_id: WorkerId) -> None:
    """Ask a worker to finish what it runs and claim nothing new.

    Raises:
        NotFound: there is no such worker.
    """
    with db.write() as tx:
        if not tx.fleet.drain(worker_id):
            raise NotFound(f"there is no worker {worker_id}", code="worker.not_found")


def workers(db: Database) -> tuple[WorkerView, ...]:
    """Show the fleet."""
    with db.read() as tx:
        running: dict[WorkerId, list[TaskId]] = {}
        for task_id, _, owner in tx.tasks.running_by(None):
            running.setdefault(owner, []).append(task_id)
        return tuple(_view(row, running.get(row.id, [])) for row in tx.fleet.workers())


def _view(row: WorkerRow, running: Sequence[TaskId]) -> WorkerView:
    return WorkerView(
        id=row.id,
        host=row.host,
        queues=row.queues,
        slots=row.slots,
        capabilities=Capabilities.model_validate(row.capabilities),
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        is_draining=row.is_draining,
        is_live=is_live(row),
        running=tuple(running),
    )


def is_live(row: WorkerRow) -> bool:
    """Tell whether a worker was heard of lately."""
    return row.silent_s < LIVE_WITHIN_S


def queues(db: Database) -> tuple[QueueView, ...]:
    """Show the queues."""
    with db.read() as tx:
        live = [row for row in tx.fleet.workers() if is_live(row)]
        return tuple(
            QueueView(
                name=row.queue,
                ready=row.ready,
                delayed=row.delayed,
                running=row.running,
                is_paused=row.is_paused,
                live_slots=sum(w.slots for w in live if row.queue in w.queues),
            )
            for row in tx.fleet.queues()
        )


def pause(db: Database, queue: QueueName, *, is_paused: bool) -> None:
    """Stop or resume handing out tasks of a queue; what runs goes on."""
    with db.write() as tx:
        tx.fleet.pause(queue, is_paused=is_paused)
        if not is_paused:
            tx.outbox.add(tx.tasks.unheard(queue, 1000))


def encode_queue(tx: Transaction, plan: MediaPlan) -> QueueName:
    """Choose where pictures are encoded: GPUs when a live worker has one for every codec."""
    wanted = {rung.codec for rung in plan.rungs}
    for row in tx.fleet.workers():
        if is_live(row) and not row.is_draining and QueueName.ENCODE_GPU in row.queues:
            able = {e.name for e in Capabilities.model_validate(row.capabilities).encoders}
            if all(able.intersection(_GPU_ENCODERS[codec]) for codec in wanted):
                return QueueName.ENCODE_GPU
    return QueueName.ENCODE_CPU


def live_builds(tx: Transaction, queue: QueueName) -> frozenset[str]:
    """Name the encoder builds that live workers of a queue have."""
    return frozenset(
        Capabilities.model_validate(row.capabilities).encoder_build
        for row in tx.fleet.workers()
        if is_live(row) and not row.is_draining and queue in row.queues
    )
