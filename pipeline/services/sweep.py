"""The sweeper: finds what nobody looks after and sees that somebody does.

It expires leases, rings again for ready tasks that no message stands for, frees tasks
that no live worker could take (a GPU queue without GPUs, a build that is gone), and ends
broadcasts whose publisher did not come back.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.broker.port import Doorbell
from pipeline.core.errors import ReelmillError
from pipeline.database.port import Database
from pipeline.services import endings, sessions
from pipeline.services.fleet import is_live
from schemas.vocabulary import QueueName, TaskId

_BATCH = 200


def _uptime_s() -> float:
    # Unlike the monotonic clock it goes on while the box sleeps, as leases do.
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True)
class SweepReport:
    """What one tick did."""

    n_expired: int = 0
    n_rung: int = 0
    n_moved: int = 0


class Sweeper:
    """Ticks under a leader; keeps only what it needs to see a thing twice.

    Nobody is judged before the database has answered for one whole lease without a break: an
    outage, or a pause of this whole box, in which nobody could renew expires nobody.
    """

    def __init__(
        self,
        db: Database,
        broker: Doorbell,
        *,
        lease_s: float,
        interval_s: float = 0.0,
        clock: Callable[[], float] = _uptime_s,
    ) -> None:
        """Know the pause between ticks, ``interval_s``, to tell a longer one from it."""
        self._db = db
        self._broker = broker
        self._lease_s = lease_s
        self._longest_gap_s = max(lease_s * 3 / 4, interval_s * 3)
        self._clock = clock
        self._healthy_since: float | None = None
        self._seen_at = 0.0
        self._missing_before: dict[QueueName, int] | None = None

    def tick(self) -> SweepReport:
        """Do one round.

        Raises:
            DatabaseUnavailable, BrokerUnavailable: the round is incomplete; the next one
                after a database outage begins a new waiting time.
        """
        n_moved = n_expired = 0
        try:
            with self._db.read() as tx:
                expired = tx.tasks.expired(_BATCH)
            # Asked after the database has answered: it may have taken its time.
            if self._may_judge():
                n_moved = self._free_stuck()
                sessions.sweep_sessions(self._db)
                n_expired = sum(self._expire_one(task_id, epoch) for task_id, epoch in expired)
            self._settle()
        except ReelmillError:
            self._healthy_since = None
            raise
        return SweepReport(n_expired=n_expired, n_rung=self._ring_again(), n_moved=n_moved)

    def _settle(self) -> None:
        """Complete jobs whose last worker died between its commit and the look after it."""
        with self._db.read() as tx:
            unsettled = tx.jobs.unsettled(_BATCH)
        for job_id in unsettled:
            endings.settle(self._db, job_id)

    def _may_judge(self) -> bool:
        now = self._clock()
        if self._healthy_since is None or now - self._seen_at > self._longest_gap_s:
            self._healthy_since = now
        self._seen_at = now
        return now - self._healthy_since >= self._lease_s

    def _expire_one(self, task_id: TaskId, epoch: int) -> bool:
        with self._db.write() as tx:
            if not tx.tasks.holds_expired(task_id, epoch):
                return False
            task = tx.tasks.get(task_id)
            if task is None:
                return False
            # Spreads tasks that one box lost together.
            endings.lose(tx, task, jitter=random.random())  # noqa: S311  # not a secret
            return True

    def _ring_again(self) -> int:
        """Ring for ready tasks beyond the messages that stand for them, seen twice in a row.

        A message published but not yet counted would look missing once; ringing too often is
        harmless but would spoil what operators read from the broker.
        """
        missing = self._missing()
        before = missing if self._missing_before is None else self._missing_before
        self._missing_before = missing
        n_rung = 0
        for queue, count in missing.items():
            n_rung += self._ring(queue, min(count, before.get(queue, 0)))
        return n_rung

    def _missing(self) -> dict[QueueName, int]:
        with self._db.read() as tx:
            due = {row.queue: row.ready for row in tx.fleet.queues() if not row.is_paused}
            in_outbox = tx.outbox.waiting(is_due=True)
        return {
            queue: count - in_outbox.get(queue, 0) - self._broker.depth(queue)
            for queue, count in due.items()
            if count
        }

    def _ring(self, queue: QueueName, count: int) -> int:
        if count <= 0:
            return 0
        with self._db.write() as tx:
            unheard = tx.tasks.unheard(queue, min(count, _BATCH))
            tx.outbox.add(unheard)
        return len(unheard)

    def _free_stuck(self) -> int:
        with self._db.read() as tx:
            able = [row for row in tx.fleet.workers() if is_live(row) and not row.is_draining]
        for queue in (QueueName.ENCODE_CPU, QueueName.ENCODE_GPU):
            builds = {str(w.capabilities["encoder_build"]) for w in able if queue in w.queues}
            if builds:
                with self._db.write() as tx:
                    tx.tasks.strand_builds(queue, sorted(builds))
        if any(QueueName.ENCODE_GPU in worker.queues for worker in able):
            return 0
        with self._db.write() as tx:
            moved = tx.tasks.move_queue(QueueName.ENCODE_GPU, QueueName.ENCODE_CPU, None)
            tx.outbox.add(moved)
        return len(moved)
