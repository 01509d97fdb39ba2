"""Webhooks on their way: events become deliveries, deliveries become requests.

Runs in every scheduler; the database's leases see that no two send to one webhook at once. A
webhook has one thread at a time, a host and an account only so many, and one that fails is left
alone: whoever is slow or dead makes nobody else wait. Nothing here decides anything.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, Thread
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from pipeline.bootstrap import Pipeline
from pipeline.database.webhooks import DueWebhook
from pipeline.services import announcing, deliveries
from pipeline.services.safe import Safe
from pipeline.services.sending import Sender

T = TypeVar("T")

#: A hint may get lost; what it told of is found after this long.
IDLE_S = 15.0
#: Hints come by the dozen: what came within this is looked at together, more seldom where there
#: is no webhook at all.
COLLECT_S, COLLECT_IDLE_S = 0.05, 1.0
#: How soon it is tried again where the database was away, or all threads were busy.
AGAIN_S = 1.0
#: Requests to one webhook before others get their turn on the thread.
TURN = 50
HOST_LIMIT = 4
_BATCH = 100


class Attempt(Protocol):
    """Runs one tick, whatever becomes of it."""

    def __call__(self, name: str, action: Callable[[], T]) -> T | None:
        """Run it; None when it failed."""


class Dispatcher:
    """Announces events and hands webhooks with something to send to threads."""

    def __init__(self, pipeline: Pipeline, attempt: Attempt) -> None:
        self._pipeline = pipeline
        self._attempt = attempt
        self._stopping, self._woken = Event(), Event()
        self._n_threads = pipeline.settings.webhook_threads
        self._account_limit = max(1, self._n_threads * 3 // 4)
        self._busy: dict[str, DueWebhook] = {}
        self._guard = Lock()
        self._collect_s = COLLECT_S
        self._thread = Thread(target=self._run, name="webhooks", daemon=True)
        self._pool = ThreadPoolExecutor(self._n_threads, thread_name_prefix="webhook")

    def start(self) -> None:
        """Start; a database that is away is waited for."""
        self._sender = Sender(
            self._pipeline.database,
            self._pipeline.outbound,
            Safe.of(self._pipeline.secret, "webhooks"),
            is_stopped=self._stopping.is_set,
        )
        self._thread.start()

    def stop(self) -> None:
        """Break running requests off, hand them back and return."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def wake(self) -> None:
        """Look at once: something was committed."""
        self._woken.set()

    def trim(self) -> None:
        """Forget old deliveries; in batches, so that no writer waits long for the lock."""
        retention_s = self._pipeline.settings.delivery_retention_s
        while not self._stopping.is_set():
            if not deliveries.trim(self._pipeline.database, retention_s=retention_s):
                break

    def _run(self) -> None:
        while not self._stopping.is_set():
            # Cleared before looking: what is committed after the look sets it again.
            self._woken.clear()
            n_told = self._attempt("announce", self._announce)
            wait_s = self._attempt("dispatch", self._dispatch) if n_told is not None else None
            if n_told == announcing.BATCH:
                continue
            self._woken.wait(AGAIN_S if wait_s is None else wait_s)
            self._stopping.wait(self._collect_s)

    def _announce(self) -> int:
        return announcing.announce(self._pipeline.database)

    def _dispatch(self) -> float:
        """Hand out what is due; return for how long there is nothing to look for."""
        with self._pipeline.database.read() as tx:
            self._collect_s = COLLECT_S if tx.webhooks.has_enabled() else COLLECT_IDLE_S
            due = tx.webhooks.due(_BATCH)
            next_s = tx.webhooks.next_due_s()
        if due:
            left = self._hand_out(due)
            return AGAIN_S if left else min(next_s or AGAIN_S, AGAIN_S)
        return IDLE_S if next_s is None else min(next_s, IDLE_S)

    def _hand_out(self, due: Sequence[DueWebhook]) -> int:
        """Give threads to as many as may have one; return how many may not yet."""
        n_left = 0
        for webhook in due:
            with self._guard:
                may_go = webhook.id not in self._busy and self._has_room(webhook)
                if may_go:
                    self._busy[webhook.id] = webhook
            if may_go:
                self._pool.submit(self._send, webhook)
            n_left += not may_go
        return n_left

    def _has_room(self, webhook: DueWebhook) -> bool:
        hosts = Counter(_host(one.url) for one in self._busy.values())
        accounts = Counter(one.account for one in self._busy.values())
        return (
            len(self._busy) < self._n_threads
            and hosts[_host(webhook.url)] < HOST_LIMIT
            and accounts[webhook.account] < self._account_limit
        )

    def _send(self, webhook: DueWebhook) -> None:
        self._attempt("deliver", lambda: self._sender.send(webhook.id, limit=TURN))
        with self._guard:
            del self._busy[webhook.id]
        # Its thread is free for another, and it may have more to send.
        self._woken.set()


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
