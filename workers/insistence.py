"""Saying something to a database that is away: again and again, until it listens."""

from collections.abc import Callable
from threading import Event
from typing import TypeVar

import structlog
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_when_event_set,
    wait_exponential_jitter,
)
from tenacity.nap import sleep_using_event

from pipeline.core.errors import DatabaseUnavailable

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 2.0


def insist(call: Callable[[], Answer], *, until: Event) -> Answer:
    """Call until the database answers or the event is set.

    What is called must be ready to find its work done: the commit may have happened although
    it was reported failed.

    Raises:
        DatabaseUnavailable: the event was set before an answer came.
        Whatever else the call raises, at once.
    """
    retrying = Retrying(
        retry=retry_if_exception_type(DatabaseUnavailable),
        wait=wait_exponential_jitter(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S, jitter=0.1),
        # Both: the sleep ends at once when the event is set, and then nothing may follow.
        sleep=sleep_using_event(until),
        stop=stop_when_event_set(until),
        before_sleep=_log,
        reraise=True,
    )
    return retrying(call)


def _log(state: RetryCallState) -> None:
    if state.attempt_number == 1:
        log.warning("database.away", waiting=True)
