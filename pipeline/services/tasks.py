"""A task between a worker and the database: claim, heartbeat, publish, finish, fail.

Every change is fenced by the epoch the claim gave out. A caller that repeats a call whose
commit was ambiguous finds its own work done and is told so, not refused.
"""

from collections.abc import Sequence

from pipeline.core.errors import EncoderUnavailable, LeaseLost, Stopped
from pipeline.core.retry import Failure, GiveUp, decide
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import TaskRow
from pipeline.services import endings
from schemas.events import EventType
from schemas.tasks import RenditionMade, SegmentMade, TaskResult
from schemas.vocabulary import QueueName, TaskId, TaskState, WorkerId
from schemas.workers import Orders, Pulse


def heartbeat(
    db: Database, worker_id: WorkerId, pulses: Sequence[Pulse], *, lease_s: float
) -> Orders:
    """Renew the leases of all running tasks of a process at once and fetch its orders."""
    with db.write() as tx:
        renewed = tx.tasks.renew(pulses, lease_s)
        drain = tx.fleet.touch(worker_id)
    return Orders(
        lost=tuple(p.task_id for p in pulses if p.task_id not in renewed),
        cancelled=tuple(task_id for task_id, is_cancelled in renewed.items() if is_cancelled),
        drain=bool(drain),
        is_unknown=drain is None,
    )


def publish(
    db: Database,
    task_id: TaskId,
    epoch: int,
    renditions: Sequence[RenditionMade],
    segments: Sequence[SegmentMade],
) -> None:
    """Make segments visible to players while the task runs on.

    Raises:
        LeaseLost: the epoch no longer stands; nothing became visible.
        Stopped: the job has ended, and so have its playlists.
    """
    with db.write() as tx:
        if not tx.tasks.holds(task_id, epoch):
            raise LeaseLost(f"task {task_id} was given away")
        task = _need(tx, task_id)
        if task.is_cancel_requested:
            raise Stopped(f"the job of task {task_id} has ended")
        endings.publish(tx, task, renditions, segments)


def finish(db: Database, task_id: TaskId, epoch: int, result: TaskResult) -> None:
    """End a task well: publish its outputs and release what waited for it, in one transaction.

    Raises:
        LeaseLost: the epoch no longer stands; nothing was published.
    """
    may_be_last = False
    with db.write() as tx:
        task = tx.tasks.succeed(task_id, epoch, result.model_dump(mode="json"))
        if task is None:
            _stop_instead(tx, task_id, epoch, TaskState.SUCCEEDED)
        else:
            may_be_last = endings.succeed(tx, task, result)
    if task is not None and may_be_last:
        # Should this process die here, the sweeper does it.
        endings.settle(db, task.job_id)


def _stop_instead(tx: Transaction, task_id: TaskId, epoch: int, mine: TaskState) -> None:
    """Find out why a fenced change hit nothing."""
    task = tx.tasks.get(task_id)
    if task is not None and task.epoch == epoch:
        if task.state is mine:
            return
        if task.state is TaskState.RUNNING and task.is_cancel_requested:
            _cancelled(tx, task)
            return
    raise LeaseLost(f"task {task_id} was given away")


def fail(db: Database, task_id: TaskId, epoch: int, failure: Failure, *, jitter: float) -> None:
    """End an attempt badly: the retry policy decides whether there is another.

    Args:
        jitter: 0–1, drawn by the caller.

    Raises:
        LeaseLost: the epoch no longer stands.
    """
    with db.write() as tx:
        task = _held(tx, task_id, epoch)
        if task is None:
            return
        if task.is_cancel_requested:
            _cancelled(tx, task)
        elif _falls_back(task, failure):
            _move_to_cpu(tx, task, failure)
        else:
            _decide(tx, task, failure, jitter)


def _decide(tx: Transaction, task: TaskRow, failure: Failure, jitter: float) -> None:
    verdict = decide(
        failure,
        attempt=task.attempt,
        max_attempts=task.max_attempts,
        faults=task.fault_count,
        jitter=jitter,
    )
    if isinstance(verdict, GiveUp):
        endings.fail(tx, task, failure)
    else:
        endings.again(tx, task, verdict, EventType.TASK_RETRIED, failure)


def _falls_back(task: TaskRow, failure: Failure) -> bool:
    return task.queue is QueueName.ENCODE_GPU and failure.code == EncoderUnavailable.code


def _move_to_cpu(tx: Transaction, task: TaskRow, failure: Failure) -> None:
    """Give a job that its GPU refused to the CPUs, whole, without burning the attempt."""
    tx.tasks.back_to_ready(
        task.id,
        task.epoch,
        delay_s=0.0,
        error=endings.error_of(failure),
        returned_attempt=True,
    )
    endings.litter(tx, task)
    tx.jobs.pin_build(task.job_id, None)
    moved = tx.tasks.move_queue(QueueName.ENCODE_GPU, QueueName.ENCODE_CPU, task.job_id)
    tx.outbox.add(moved)
    tx.emit(
        EventType.TASK_RETRIED,
        asset_id=task.asset_id,
        job_id=task.job_id,
        task_id=task.id,
        data={"error": endings.error_of(failure), "queue": QueueName.ENCODE_CPU},
    )


def hand_back(db: Database, task_id: TaskId, epoch: int) -> None:
    """Give a task back unfinished, at a shutdown: the attempt does not count.

    Raises:
        LeaseLost: the epoch no longer stands.
    """
    with db.write() as tx:
        task = _held(tx, task_id, epoch)
        if task is None:
            return
        if task.is_cancel_requested:
            _cancelled(tx, task)
            return
        tx.tasks.back_to_ready(task_id, epoch, delay_s=0.0, error=None, returned_attempt=True)
        endings.litter(tx, task)
        tx.outbox.add([task_id])
        tx.emit(
            EventType.TASK_HANDED_BACK,
            asset_id=task.asset_id,
            job_id=task.job_id,
            task_id=task_id,
        )


def stopped(db: Database, task_id: TaskId, epoch: int) -> None:
    """Report that a cancelled task no longer runs.

    Raises:
        LeaseLost: the epoch no longer stands.
    """
    with db.write() as tx:
        task = _held(tx, task_id, epoch)
        if task is not None:
            _cancelled(tx, task)


def _cancelled(tx: Transaction, task: TaskRow) -> None:
    tx.tasks.end(task.id, task.epoch, TaskState.CANCELLED, None)
    endings.litter(tx, task)
    tx.emit(EventType.TASK_CANCELLED, asset_id=task.asset_id, job_id=task.job_id, task_id=task.id)


def _held(tx: Transaction, task_id: TaskId, epoch: int) -> TaskRow | None:
    """Lock the task; None when this attempt has ended already by a call of the same caller."""
    if tx.tasks.holds(task_id, epoch):
        return _need(tx, task_id)
    task = tx.tasks.get(task_id)
    if task is not None and task.epoch == epoch and task.state is not TaskState.SUCCEEDED:
        return None
    raise LeaseLost(f"task {task_id} was given away")


def _need(tx: Transaction, task_id: TaskId) -> TaskRow:
    task = tx.tasks.get(task_id)
    if task is None:
        raise LeaseLost(f"task {task_id} is gone")
    return task


def release_all(db: Database) -> int:
    """Give away every running task at once, counting each as lost.

    Only for whoever knows that no worker is alive: the embedded form, which holds the lock
    on its data folder.
    """
    with db.read() as tx:
        running = tx.tasks.running_by(None)
    for task_id, epoch, _ in running:
        with db.write() as tx:
            if tx.tasks.holds(task_id, epoch):
                endings.lose(tx, _need(tx, task_id), jitter=0.0)
    return len(running)
