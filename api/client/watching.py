"""Following events over the websocket: reconnects by itself and resumes where it was."""

import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from pydantic import TypeAdapter

from api.client.connection import ConnectionLostError, HandshakeError, connect
from api.client.problems import ApiError, bare, unreachable
from schemas.events import EventType, ProgressTick
from schemas.http import EventMessage, JobSnapshot, SystemSnapshot
from schemas.vocabulary import JobId, JobState

#: Gets a ticket to a job's websocket, or to that of everything.
Tickets = Callable[[JobId | None], str]
JobMessage = JobSnapshot | EventMessage | ProgressTick
SystemMessage = SystemSnapshot | EventMessage | ProgressTick

_JOB_MESSAGE: TypeAdapter[JobMessage] = TypeAdapter(JobMessage)
_SYSTEM_MESSAGE: TypeAdapter[SystemMessage] = TypeAdapter(SystemMessage)

_ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)
_ENDING = (EventType.JOB_SUCCEEDED, EventType.JOB_FAILED, EventType.JOB_CANCELLED)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_TOO_MANY, _UNAVAILABLE, _JOB_GONE = 429, 503, 4404

Message = TypeVar("Message", JobMessage, SystemMessage)


def watch_job(base_url: str, job_id: JobId, tickets: Tickets) -> Iterator[JobMessage]:
    """Yield a job's messages and end after the one that tells it has ended.

    Once begun it outlives restarts of the server; a server that is away at the beginning is
    an error.

    Raises:
        ApiError: the job does not exist (any more), or the server will not let us watch.
    """
    url = f"{base_url}/api/jobs/{job_id}/events"
    for message in _watch(url, _JOB_MESSAGE, partial(tickets, job_id)):
        yield message
        if _has_ended(message):
            return


def watch_everything(base_url: str, tickets: Tickets) -> Iterator[SystemMessage]:
    """Yield all messages, for ever."""
    return _watch(f"{base_url}/api/events", _SYSTEM_MESSAGE, partial(tickets, None))


def _has_ended(message: JobMessage) -> bool:
    if isinstance(message, JobSnapshot):
        return message.job.state in _ENDED
    return isinstance(message, EventMessage) and message.event.type in _ENDING


def _watch(url: str, kinds: TypeAdapter[Message], ticket: Callable[[], str]) -> Iterator[Message]:
    last_id: int | None = None
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            with connect(_address(url, ticket(), last_id)) as texts:
                for text in texts:
                    message = kinds.validate_json(text)
                    last_id = _newest(message, last_id)
                    pause_s = _FIRST_PAUSE_S
                    yield message
        except (ApiError, HandshakeError, ConnectionLostError) as error:
            _judge(error, url, has_begun=last_id is not None)
        # Jitter, so that a restarted server is not met by all its watchers at once.
        time.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def _judge(
    error: ApiError | HandshakeError | ConnectionLostError, url: str, *, has_begun: bool
) -> None:
    """Return where it is worth trying again. Raises ApiError elsewhere."""
    if isinstance(error, ApiError):
        # Of the ticket; 0 is no answer at all.
        if not has_begun or error.problem.status not in {0, _TOO_MANY, _UNAVAILABLE}:
            raise error
    elif isinstance(error, HandshakeError):
        if not has_begun or error.status not in {_TOO_MANY, _UNAVAILABLE}:
            raise ApiError(bare(error.status)) from None
    elif error.code == _JOB_GONE:
        raise ApiError(bare(404)) from None
    elif not has_begun:
        raise unreachable(url, error) from error


def _address(url: str, ticket: str, last_id: int | None) -> str:
    resumed = "" if last_id is None else f"&last_event_id={last_id}"
    return f"{url}?ticket={ticket}{resumed}"


def _newest(message: JobMessage | SystemMessage, before: int | None) -> int | None:
    if isinstance(message, EventMessage):
        return message.event.id
    return before if isinstance(message, ProgressTick) else message.last_event_id
