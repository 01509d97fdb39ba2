"""What waits for one client: every event up to a bound, the latest progress of each task.

The hub puts, the client's own thread takes. A client too slow for the bound loses its backlog
and gets a fresh snapshot instead, so memory per client is bounded and nothing stays wrong.
"""

from collections import deque
from dataclasses import dataclass
from threading import Condition

from schemas.events import Event, EventType, ProgressTick
from schemas.tickets import Seat
from schemas.vocabulary import JobId, TaskId

#: Events kept for a slow client.
BACKLOG_EVENTS = 256


@dataclass(frozen=True)
class Letter:
    """One frame; ``event_id`` is 0 for progress."""

    event_id: int
    frame: bytes


@dataclass(frozen=True)
class Delivery:
    """What a client's thread gets on waking."""

    letters: tuple[Letter, ...] = ()
    #: Letters were lost: send a snapshot.
    has_lagged: bool = False
    is_closing: bool = False
    #: The right to the seat is over.
    has_ended: bool = False


class Mailbox:
    """Safe between any number of putting threads and one taking thread."""

    def __init__(self, seat: Seat, *, backlog_events: int = BACKLOG_EVENTS) -> None:
        self.seat = seat
        self._backlog_events = backlog_events
        self._changed = Condition()
        self._events: deque[Letter] = deque()
        self._ticks: dict[TaskId, tuple[JobId, bytes]] = {}
        #: Of what only the newest counts.
        self._latest: bytes | None = None
        self._has_lagged = False
        self._is_closing = False
        self._is_nudged = False
        self._has_ended = False

    def put_event(self, event: Event, frame: bytes) -> bool:
        """Queue an event; False when the backlog was full and has been dropped."""
        with self._changed:
            self._forget_progress(event)
            if self._has_lagged:
                return True
            self._events.append(Letter(event.id, frame))
            if len(self._events) > self._backlog_events:
                self._events.clear()
                self._ticks.clear()
                self._has_lagged = True
            self._changed.notify()
            return not self._has_lagged

    def _forget_progress(self, event: Event) -> None:
        """Drop progress older than an event of its task or job: it must not arrive after it."""
        if event.type is EventType.TASK_STARTED:
            return
        if event.task_id is not None:
            self._ticks.pop(event.task_id, None)
        elif event.job_id is not None:
            ours = [task for task, (job, _) in self._ticks.items() if job == event.job_id]
            for task in ours:
                del self._ticks[task]

    def put_progress(self, tick: ProgressTick, frame: bytes) -> None:
        """Replace the waiting progress of the tick's task."""
        with self._changed:
            if not self._has_lagged:
                self._ticks[tick.task_id] = (tick.job_id, frame)
                self._changed.notify()

    def put_latest(self, frame: bytes) -> None:
        """Replace what waits of numbers of which only the newest count."""
        with self._changed:
            self._latest = frame
            self._changed.notify()

    def take(self, timeout_s: float) -> Delivery:
        """Wait for something to do and take all of it; empty after the timeout or a nudge."""
        with self._changed:
            self._changed.wait_for(self._is_due, timeout_s)
            delivery = Delivery(
                self._letters(), self._has_lagged, self._is_closing, self._has_ended
            )
            self._events.clear()
            self._ticks.clear()
            self._latest = None
            self._has_lagged = self._is_nudged = False
            return delivery

    def _letters(self) -> tuple[Letter, ...]:
        newest = [frame for _, frame in self._ticks.values()]
        if self._latest is not None:
            newest.append(self._latest)
        return (*self._events, *(Letter(0, frame) for frame in newest))

    def _is_due(self) -> bool:
        waiting = self._events or self._ticks or self._latest
        is_called = self._is_closing or self._has_ended or self._is_nudged
        return bool(waiting or self._has_lagged or is_called)

    def nudge(self) -> None:
        """Wake the taking thread so that it looks at its connection."""
        with self._changed:
            self._is_nudged = True
            self._changed.notify()

    def close(self) -> None:
        """Tell the taking thread to end; what waits is still delivered with it."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()

    def end(self) -> None:
        """Tell the taking thread that whoever sits there may do so no more."""
        with self._changed:
            self._has_ended = True
            self._events.clear()
            self._ticks.clear()
            self._latest = None
            self._changed.notify()
