"""What happens to a task whose attempt went wrong: again, later, or never."""

from dataclasses import dataclass

from pipeline.core.errors import ScratchFull, StorageFull, Unavailable

#: Faults of the house (storage, broker, database, disk) a task may meet before it gives up:
#: at the longest delay this spans about an hour of outage.
MAX_FAULTS = 60

_FIRST_DELAY_S = 1.0
_LONGEST_DELAY_S = 60.0
#: A server of others may ask to be left alone for this long.
_LONGEST_WISH_S = 3600.0
_LOST_FIRST_DELAY_S = 0.5
_LOST_LONGEST_DELAY_S = 30.0


@dataclass(frozen=True)
class Failure:
    """Why an attempt ended badly, in words that outlive it."""

    code: str
    detail: str
    remedy: str = ""
    retryable: bool = False
    #: Least time before the next attempt.
    delay_s: float = 0.0


@dataclass(frozen=True)
class RetryAfter:
    """Try again in a while."""

    delay_s: float
    #: Whether the attempt is given back because the task is not to blame.
    is_fault: bool


@dataclass(frozen=True)
class GiveUp:
    """The task failed, and its job with it."""


def decide(
    failure: Failure, *, attempt: int, max_attempts: int, faults: int, jitter: float
) -> RetryAfter | GiveUp:
    """Decide what follows a failed attempt.

    Bad input is never retried. Faults of the house do not burn attempts but have a bound of
    their own. Everything else is tried ``max_attempts`` times.

    Args:
        attempt: number of the attempt that failed, from 1.
        faults: house faults this task met before.
        jitter: 0–1, spreads the retries of tasks that failed together.
    """
    if not failure.retryable:
        return GiveUp()
    if is_house_fault(failure.code):
        if faults + 1 >= MAX_FAULTS:
            return GiveUp()
        return RetryAfter(_back_off(_FIRST_DELAY_S, faults, _LONGEST_DELAY_S, jitter), True)
    if attempt >= max_attempts:
        return GiveUp()
    delay_s = _back_off(_FIRST_DELAY_S, attempt, _LONGEST_DELAY_S, jitter)
    return RetryAfter(max(delay_s, min(failure.delay_s, _LONGEST_WISH_S)), False)


def decide_lost(*, lost: int, max_lost: int, jitter: float) -> RetryAfter | GiveUp:
    """Decide what follows a lost lease.

    Args:
        lost: leases this task lost, the present one included.
    """
    if lost >= max_lost:
        return GiveUp()
    delay_s = _back_off(_LOST_FIRST_DELAY_S, lost - 1, _LOST_LONGEST_DELAY_S, jitter)
    return RetryAfter(delay_s, True)


def is_house_fault(code: str) -> bool:
    """Tell whether a service or a disk of ours is to blame, not the task."""
    return code.startswith(Unavailable.code) or code in {StorageFull.code, ScratchFull.code}


def _back_off(first_s: float, n: int, longest_s: float, jitter: float) -> float:
    """Double from the first delay to the longest; half of each is jitter."""
    whole = min(first_s * 2.0 ** min(n, 30), longest_s)
    return float(whole * (0.5 + jitter / 2))
