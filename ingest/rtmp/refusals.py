"""Why a publisher is not let in: the error, and what its encoder is told."""

from pipeline.core.errors import (
    Conflict,
    Forbidden,
    NotFound,
    RateLimited,
    ReelmillError,
    StorageFull,
    Unauthenticated,
)

_BAD_NAME, _DENIED = "NetStream.Publish.BadName", "NetStream.Publish.Denied"
_STATUSES: tuple[tuple[type[ReelmillError], str], ...] = (
    (Unauthenticated, _BAD_NAME),
    (NotFound, _BAD_NAME),
    (Conflict, _BAD_NAME),
    (Forbidden, _DENIED),
    (RateLimited, _DENIED),
    (StorageFull, _DENIED),
)
_FAILED = "NetStream.Publish.Failed"
_AWAY = "The service is not available just now. Try again in a moment."


def told(error: ReelmillError) -> tuple[str, str]:
    """Tell the status and the words for an error."""
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            detail = error.detail[:1].upper() + error.detail[1:]
            return status, f"{detail}. {error.remedy}".strip()
    # What is wrong inside is for the log.
    return _FAILED, _AWAY
