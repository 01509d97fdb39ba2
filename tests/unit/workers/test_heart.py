"""The heart tells attempts apart by epoch: the same task may run twice here for a moment."""

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any, cast

from pipeline.services.claims import Claimed
from schemas.idle import IdleParams
from schemas.vocabulary import AssetId, JobId, TaskId
from schemas.workers import Orders
from tests.support.waiting import wait_until
from workers.attempt import Attempt, Place, StopReason
from workers.bench import Tools
from workers.heart import Heart

_TASK = TaskId("t1")


def _attempt(epoch: int) -> Attempt:
    claimed = Claimed(
        task_id=_TASK,
        job_id=JobId("j"),
        asset_id=AssetId("a"),
        epoch=epoch,
        attempt=1,
        params=IdleParams(),
        prefix="p/",
        scratch_bytes=0,
    )
    tools = Tools(
        ffmpeg="",
        ffprobe="",
        encoders=(),
        encoder_build="",
        threads=1,
        use_gpu=False,
        stall_s=100.0,
        max_source_pixels=1,
        max_source_duration_s=1.0,
        max_source_streams=1,
    )
    unused = cast("Any", None)
    return Attempt(claimed, Place(unused, unused, tools), Path())


class Beat:
    """Answers what it is told to once, and remembers whom it was asked to beat for."""

    def __init__(self) -> None:
        self.lost: tuple[TaskId, ...] = ()
        self.error: Exception | None = None
        self.seen: list[list[int]] = []
        self.may_answer = Event()
        self.may_answer.set()

    def __call__(self, attempts: Sequence[Attempt]) -> Orders:
        self.seen.append([attempt.claimed.epoch for attempt in attempts])
        assert self.may_answer.wait(10)
        error, self.error = self.error, None
        if error is not None:
            raise error
        lost, self.lost = self.lost, ()
        return Orders(lost=lost)


def _heart(beat: Beat) -> Heart:
    return Heart(beat, interval_s=0.01, on_drain=lambda: None)


def test_an_old_attempt_that_ends_leaves_the_new_one_beating() -> None:
    heart = _heart(Beat())
    old, new = _attempt(1), _attempt(2)
    heart.add(old)
    heart.add(new)

    heart.remove(old)

    assert heart.running() == [new]


def test_an_old_attempt_is_stopped_when_the_task_comes_again() -> None:
    heart = _heart(Beat())
    old, new = _attempt(1), _attempt(2)

    heart.add(new)
    heart.add(old)

    assert (old.reason, new.reason) == (StopReason.LOST, None)
    assert heart.running() == [new]


def test_the_loss_of_an_old_lease_does_not_stop_the_new_attempt() -> None:
    beat = Beat()
    beat.lost = (_TASK,)
    beat.may_answer.clear()
    heart = _heart(beat)
    old, new = _attempt(1), _attempt(2)
    heart.add(old)
    heart.start()
    wait_until(lambda: bool(beat.seen))

    # While that beat is under way the task is handed on and claimed again here.
    heart.remove(old)
    heart.add(new)
    beat.may_answer.set()
    wait_until(lambda: len(beat.seen) > 1)
    heart.stop()

    assert new.reason is None


def test_a_beat_that_breaks_is_followed_by_another() -> None:
    beat = Beat()
    beat.error = RuntimeError("a driver's surprise")
    heart = _heart(beat)
    heart.start()

    wait_until(lambda: len(beat.seen) > 1)

    heart.stop()
