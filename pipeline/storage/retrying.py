"""How long a storage call tries again, and for which errors. The one layer of retries there is.

The HTTP client below does not retry: it would not know POST from GET in meaning, and layers
multiply. Only calls whose input can be sent again whole are wrapped (a part in memory, a
range, a list of keys), never a stream. Above this, the task's own attempts.
"""

from tenacity import Retrying, retry_if_exception, stop_before_delay, wait_exponential_jitter

from pipeline.core.errors import StorageUnavailable

#: Long enough for a storage server to restart; a task's attempt is worth the wait.
_PATIENCE_S = 30.0
#: Long enough for a blip; somebody may be waiting for the answer with a thread of ours.
_HASTE_S = 5.0


def patiently() -> Retrying:
    """Retry transient errors for about 30 s: writes, and reads already under way."""
    return _retrying(_PATIENCE_S)


def hastily() -> Retrying:
    """Retry transient errors for about 5 s: questions somebody waits for."""
    return _retrying(_HASTE_S)


def _retrying(limit_s: float) -> Retrying:
    return Retrying(
        retry=retry_if_exception(_is_transient),
        stop=stop_before_delay(limit_s),
        wait=wait_exponential_jitter(multiplier=0.1, max=3.0, jitter=0.2),
        reraise=True,
    )


def _is_transient(error: BaseException) -> bool:
    # A finer code names a fault that waiting does not mend, e.g. storage.denied.
    return isinstance(error, StorageUnavailable) and error.instance_code == StorageUnavailable.code
