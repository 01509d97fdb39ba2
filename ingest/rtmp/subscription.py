"""What one viewer is sent: a bounded queue between the door and somebody who may be slow."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition

#: A reader with more unsent, or with what waits for longer, is cut.
MAX_UNSENT_BYTES = 8 * 2**20
MAX_BEHIND_S = 10.0


@dataclass(frozen=True, slots=True)
class Item:
    """FLV as it goes out: whole tags; in the first, before them, all that whoever joins needs."""

    data: bytes
    #: Of its last tag, on the session's clock.
    ms: int


class Subscription:
    """Taken from by one reader: on the door's loop by ``get``, on a thread by ``take``."""

    def __init__(self, on_close: Callable[["Subscription"], None]) -> None:
        self._on_close = on_close
        #: When each was queued, and what of it counts as unsent.
        self._items: deque[tuple[float, int, Item]] = deque()
        self._has_begun = False
        self._n_bytes = 0
        self._changed = Condition()
        self._wakes: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._has_ended = False
        #: Whether it was cut for being slow; what was queued is dropped then.
        self.was_cut = False
        #: Called once when it is cut: whoever is stuck in sending can be freed.
        self.on_cut: Callable[[], None] = _nothing

    def offer(self, item: Item) -> None:
        """Queue one more, or cut a reader that is too slow; never waits."""
        now_s = time.monotonic()
        with self._changed:
            if self._has_ended:
                return
            oldest_s = self._items[0][0] if self._items else now_s
            # What comes before what is live may be large, and nobody was slow yet.
            n_bytes = len(item.data) if self._has_begun else 0
            self._has_begun = True
            self._items.append((now_s, n_bytes, item))
            self._n_bytes += n_bytes
            is_slow = self._n_bytes > MAX_UNSENT_BYTES
            is_cut = is_slow or now_s - oldest_s > MAX_BEHIND_S
            if is_cut:
                self._items.clear()
                self._n_bytes, self.was_cut, self._has_ended = 0, True, True
            self._changed.notify_all()
        self._wake()
        if is_cut:
            self._on_close(self)
            self.on_cut()

    def end(self) -> None:
        """Let the reader take what is queued, and then no more."""
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()
        self._wake()

    def close(self) -> None:
        """Leave; the reader's."""
        self.end()
        self._on_close(self)

    def _wake(self) -> None:
        if self._wakes is not None:
            loop, event = self._wakes
            loop.call_soon_threadsafe(event.set)

    async def get(self) -> Item | None:
        """Wait for the next; None after the last."""
        _, event = self._wakes = self._wakes or (asyncio.get_running_loop(), asyncio.Event())
        while True:
            event.clear()
            taken = self._taken()
            if taken or self._has_ended:
                return taken[0] if taken else None
            await event.wait()

    def _taken(self) -> list[Item]:
        with self._changed:
            if not self._items:
                return []
            _, n_bytes, item = self._items.popleft()
            self._n_bytes -= n_bytes
            return [item]

    def take(self, timeout_s: float) -> list[Item] | None:
        """Wait for what is queued, all of it; empty after the time, None after the last."""
        with self._changed:
            if not self._items and not self._has_ended:
                self._changed.wait(timeout_s)
            taken = [item for *_, item in self._items]
            self._items.clear()
            self._n_bytes = 0
            return None if not taken and self._has_ended else taken


def _nothing() -> None:
    """Do nothing."""
