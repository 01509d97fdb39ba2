"""What a slot does when the bell rings: claim, work, report."""

import errno
import random
from collections.abc import Callable
from threading import Event

import structlog

from pipeline.broker.port import Ring
from pipeline.core.errors import (
    DatabaseUnavailable,
    LeaseLost,
    MediaError,
    ReelmillError,
    ScratchFull,
    Stopped,
    UrlUnreachable,
    WorkFailed,
)
from pipeline.core.retry import Failure
from pipeline.services import claims, tasks
from pipeline.services.claims import Claimed, Offer
from schemas.tasks import TaskResult
from schemas.vocabulary import QueueName, TaskKind, WorkerId
from workers.attempt import Attempt, Place, StopReason
from workers.heart import Heart
from workers.insistence import insist
from workers.scratch.folder import ScratchRoot
from workers.steps import (
    analyze,
    copy,
    encode,
    encode_audio,
    extract_subtitles,
    fetch,
    idle,
    live,
    mux,
    package,
    probe,
    prove,
    record,
    thumbnails,
)

log = structlog.get_logger(__name__)

#: The one place that knows which step does which kind of task.
_STEPS: dict[TaskKind, Callable[..., TaskResult]] = {
    TaskKind.FETCH: fetch.run,
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
    TaskKind.LIVE: live.run,
    TaskKind.RECORD: record.run,
    TaskKind.IDLE: idle.run,
}


class Slots:
    """Handles rings for all slots of a process; many threads call it at once."""

    def __init__(
        self,
        worker_id: WorkerId,
        places: dict[QueueName, Place],
        scratch: ScratchRoot,
        heart: Heart,
        *,
        lease_s: float,
    ) -> None:
        self._worker_id = worker_id
        self._places = places
        self._scratch = scratch
        self._heart = heart
        self._lease_s = lease_s
        #: Set when nothing more may be claimed.
        self.closed = Event()
        #: Set when even reports must end.
        self.abandoned = Event()

    def on_ring(self, ring: Ring) -> None:
        """Claim the best task of the queue and work on it; nothing to claim is fine."""
        if self.closed.is_set():
            return
        place = self._places[ring.queue]
        try:
            claimed = insist(lambda: self._claim(ring.queue, place), until=self.closed)
        except DatabaseUnavailable:
            return
        if claimed is not None:
            with structlog.contextvars.bound_contextvars(
                job_id=claimed.job_id, task_id=claimed.task_id, epoch=claimed.epoch
            ):
                self._work(claimed, place)

    def _claim(self, queue: QueueName, place: Place) -> Claimed | None:
        offer = Offer(
            worker_id=self._worker_id,
            queue=queue,
            encoder_build=place.tools.encoder_build,
            scratch_free_bytes=self._scratch.free_bytes(),
            cached=place.cache.held(),
        )
        return claims.claim(place.pipeline.database, offer, lease_s=self._lease_s)

    def _work(self, claimed: Claimed, place: Place) -> None:
        log.debug("task.started", kind=claimed.params.kind, attempt=claimed.attempt)
        try:
            result = self._run(claimed, place)
            self._tell(
                lambda: tasks.finish(
                    place.pipeline.database, claimed.task_id, claimed.epoch, result
                )
            )
        except _Interrupted as exc:
            self._report_stop(claimed, place, exc.reason)
        except LeaseLost as exc:
            log.warning("task.lost", detail=exc.detail)
        except ReelmillError as exc:
            self._report_failure(claimed, place, exc)
        except Exception as exc:  # the workers' edge: whatever a step does, the slot lives on
            log.exception("task.crashed")
            self._report_failure(claimed, place, _unexpected(exc))
        else:
            log.info("task.finished", kind=claimed.params.kind)

    def _run(self, claimed: Claimed, place: Place) -> TaskResult:
        with self._scratch.attempt(
            claimed.task_id, claimed.epoch, reserve_bytes=claimed.scratch_bytes
        ) as folder:
            attempt = Attempt(claimed, place, folder)
            self._heart.add(attempt)
            try:
                if self.closed.is_set():
                    attempt.interrupt(StopReason.SHUTDOWN)
                return _STEPS[claimed.params.kind](claimed.params, attempt)
            except (Stopped, DatabaseUnavailable) as exc:
                if attempt.reason is None:
                    raise
                raise _Interrupted(attempt.reason) from exc
            finally:
                self._heart.remove(attempt)
                attempt.close()

    def _report_stop(self, claimed: Claimed, place: Place, reason: StopReason) -> None:
        log.info("task.stopped", reason=reason)
        database, task_id, epoch = place.pipeline.database, claimed.task_id, claimed.epoch
        if reason is StopReason.CANCELLED:
            self._tell(lambda: tasks.stopped(database, task_id, epoch))
        elif reason is StopReason.SHUTDOWN:
            self._tell(lambda: tasks.hand_back(database, task_id, epoch))

    def _report_failure(self, claimed: Claimed, place: Place, error: ReelmillError) -> None:
        failure = Failure(
            code=error.instance_code,
            detail=error.detail,
            remedy=error.remedy,
            retryable=error.retryable,
            delay_s=error.delay_s if isinstance(error, UrlUnreachable) else 0.0,
        )
        # A bad file is its owner's business and stands in the job; the rest is an operator's.
        say = log.info if isinstance(error, MediaError) else log.warning
        say("task.failed", code=failure.code, detail=failure.detail)
        self._tell(
            lambda: tasks.fail(
                place.pipeline.database,
                claimed.task_id,
                claimed.epoch,
                failure,
                # Spreads tasks that failed together.
                jitter=random.random(),  # noqa: S311  # not a secret
            )
        )

    def _tell(self, report: Callable[[], None]) -> None:
        """Report to the database, however long it is away, unless the process must end."""
        try:
            insist(report, until=self.abandoned)
        except LeaseLost as exc:
            log.warning("task.lost", detail=exc.detail)
        except DatabaseUnavailable as exc:
            # The lease runs out and the sweeper gives the task to another.
            log.warning("task.unreported", detail=exc.detail)


class _Interrupted(Exception):
    """The attempt was asked to stop."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason)
        self.reason = reason


def _unexpected(exc: Exception) -> ReelmillError:
    if isinstance(exc, OSError) and exc.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ScratchFull(f"no room left on this box: {exc}")
    return WorkFailed(f"unexpected {type(exc).__name__}: {exc}", code="work.crashed")
