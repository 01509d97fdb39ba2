"""One reading for all watchers of a process: the bus and the event table → mailboxes.

The order that loses nothing: a client joins (from then on its mailbox collects), then reads
its snapshot or the events it missed, then takes from the mailbox what is newer. Events come
only from the table, in commit order; the bus and commits of this process merely wake the reader.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Condition, Event, Lock, Thread

import structlog

from api.sockets.frames import Frames
from api.sockets.mailbox import Mailbox
from pipeline.core.errors import ReelmillError, Refused
from pipeline.database.port import Database
from pipeline.events.port import BusMessage, EventBus, Subscription
from pipeline.services import seats, watching
from schemas.events import ProgressTick
from schemas.http import EventMessage
from schemas.tickets import Audience, Seat
from schemas.uploads import UploadMoved

log = structlog.get_logger(__name__)

#: Seconds between looks at the table when no hint comes.
POLL_S = 1.0
_BATCH = 500
#: Seconds for which a seat is believed to be its holder's; with a look at the table, below 5.
RECHECK_S = 3.0
#: One seat in so many is no viewer's.
_OWNERS_SHARE = 4


@dataclass(frozen=True)
class HubNumbers:
    """Counters for metrics; the last two since the start."""

    clients: int
    lagged: int
    cut: int


class Hub:
    """Starts its thread and subscription with the first client, stops them in ``close``."""

    def __init__(self, database: Database, bus: EventBus, *, capacity: int) -> None:
        self._database = database
        self._bus = bus
        self._capacity = capacity
        self._lock = Lock()
        self._left = Condition(self._lock)
        self._everything: set[Mailbox] = set()
        self._by_topic: dict[str, set[Mailbox]] = {}
        self._n_clients = self._n_lagged = self._n_cut = 0
        self._last_id = 0
        self._recheck_at = 0.0
        self._wake = Event()
        self._is_closing = False
        self._reader: Thread | None = None
        self._subscription: Subscription | None = None

    def join(self, seat: Seat) -> Mailbox:
        """Seat one more client; everything committed from now on reaches its mailbox.

        Raises:
            Refused: all seats are taken, or the process is stopping.
            DatabaseUnavailable: the first client came while the database was away.
        """
        with self._lock:
            if self._is_closing:
                raise Refused("The server is stopping.", code="websocket.stopping")
            if self._n_clients >= _open_to(seat.audience, self._capacity):
                raise Refused("All websocket seats are taken.", code="websocket.full")
            self._start()
            mailbox, topic = Mailbox(seat), _topic(seat)
            row = self._everything if topic is None else self._by_topic.setdefault(topic, set())
            row.add(mailbox)
            self._n_clients += 1
            return mailbox

    def _start(self) -> None:
        if self._reader is not None:
            return
        self._last_id = watching.newest_event_id(self._database)
        self._database.on_commit(self._hear_commit)
        self._subscription = self._bus.subscribe(self._hear_bus)
        self._reader = Thread(target=self._read, name="socket-events", daemon=True)
        self._reader.start()

    def leave(self, mailbox: Mailbox) -> None:
        """Free a client's seat; leaving twice is fine."""
        with self._lock:
            topic = _topic(mailbox.seat)
            row = self._everything if topic is None else self._by_topic.get(topic, set())
            if mailbox not in row:
                return
            row.discard(mailbox)
            if topic is not None and not row:
                del self._by_topic[topic]
            self._n_clients -= 1
            self._left.notify_all()

    def count_cut(self) -> None:
        """Count a socket that was cut because it did not drain."""
        with self._lock:
            self._n_cut += 1

    def numbers(self) -> HubNumbers:
        """Read the counters."""
        with self._lock:
            return HubNumbers(self._n_clients, self._n_lagged, self._n_cut)

    def close(self, timeout_s: float = 5.0) -> None:
        """Tell every client to go, wait for them up to the timeout, stop reading; repeatable."""
        with self._lock:
            self._is_closing = True
            for mailbox in self._all():
                mailbox.close()
            self._left.wait_for(lambda: self._n_clients == 0, timeout_s)
            subscription, self._subscription = self._subscription, None
        self._wake.set()
        if subscription is not None:
            subscription.close()
        if self._reader is not None:
            self._reader.join(timeout_s)

    def _all(self) -> list[Mailbox]:
        return [*self._everything, *(box for seats in self._by_topic.values() for box in seats)]

    def _audience(self, topic: str | None) -> Iterable[Mailbox]:
        with self._lock:
            ours = self._by_topic.get(topic, ()) if topic is not None else ()
            return [*self._everything, *ours]

    def _hear_commit(self, *, has_events: bool, has_rings: bool) -> None:  # noqa: ARG002 - the port's shape
        if has_events:
            self._wake.set()

    def _hear_bus(self, message: BusMessage) -> None:
        if isinstance(message, UploadMoved):
            for mailbox in self._audience(message.upload_id):
                mailbox.nudge()
            return
        if not isinstance(message, ProgressTick):
            self._wake.set()
            return
        audience = self._audience(message.job_id)
        frames = Frames(message)
        for mailbox in audience:
            frame = frames.of(mailbox.seat.audience)
            if frame is not None:
                mailbox.put_progress(message, frame)

    def _read(self) -> None:
        while not self._is_closing:
            self._wake.wait(POLL_S)
            self._wake.clear()
            try:
                while self._read_batch() == _BATCH:
                    pass
                self._recheck()
            except ReelmillError as error:
                # The next look tries again from the same number, so nothing is skipped.
                log.warning("sockets.events_unreadable", code=error.instance_code)

    def _recheck(self) -> None:
        """End the seats whose right is over."""
        if time.monotonic() < self._recheck_at:
            return
        self._recheck_at = time.monotonic() + RECHECK_S
        with self._lock:
            taken = self._all()
        void = seats.void(self._database, {mailbox.seat for mailbox in taken})
        for mailbox in taken:
            if mailbox.seat in void:
                mailbox.end()

    def _read_batch(self) -> int:
        events = watching.events_after(self._database, self._last_id, limit=_BATCH)
        for event in events:
            audience = self._audience(event.job_id)
            frames = Frames(EventMessage(event=event))
            told = [(mailbox, frames.of(mailbox.seat.audience)) for mailbox in audience]
            kept = [mailbox.put_event(event, frame) for mailbox, frame in told if frame is not None]
            self._note_lag(kept.count(False))
            self._last_id = event.id
        return len(events)

    def _note_lag(self, n_lagged: int) -> None:
        if n_lagged:
            with self._lock:
                self._n_lagged += n_lagged
            log.warning("sockets.lagged", n_clients=n_lagged)


def _open_to(audience: Audience, capacity: int) -> int:
    """Keep some seats from viewers, of whom there may be any number: owners find one free."""
    return capacity if audience is Audience.OWNERS else capacity - capacity // _OWNERS_SHARE


def _topic(seat: Seat) -> str | None:
    """Name what a seat is about: a job, an upload or a stream; None: everything."""
    return seat.job_id or seat.upload_id or seat.stream_id
