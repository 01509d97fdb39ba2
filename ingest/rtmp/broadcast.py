"""What a publisher sends, handed to everybody who watches here: late ones begin at a keyframe."""

from collections.abc import Sequence
from threading import Lock

from ingest.rtmp.entry import Entry
from ingest.rtmp.prelude import Prelude
from ingest.rtmp.subscription import Item, Subscription
from pipeline.core.flv.kinds import MediaKind

#: Most that is kept for those who join: of a longer stretch without keyframe, nothing.
MAX_KEPT_BYTES = 16 * 2**20


class Broadcast:
    """One session as it goes out of this door, over reconnects of its publisher.

    Written on the door's loop; read from any thread.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._prelude = Prelude()
        #: From the last keyframe on.
        self._kept: list[Entry] = []
        self._n_kept_bytes = 0
        self._is_keeping = False
        self._waiting: set[Subscription] = set()
        self._watching: set[Subscription] = set()
        self._has_ended = False

    @property
    def n_subscriptions(self) -> int:
        """How many watch, or wait to."""
        return len(self._waiting) + len(self._watching)

    def restart(self) -> None:
        """Begin with another publisher, whose headers are still to come; who watches stays."""
        with self._lock:
            self._prelude, self._kept, self._n_kept_bytes = Prelude(), [], 0
            self._is_keeping = False

    def publish(self, entries: Sequence[Entry]) -> None:
        """Hand out what came together, in order."""
        if not entries:
            return
        with self._lock:
            watching = list(self._watching)
            joining: list[Subscription] = []
            first = b""
            for n, entry in enumerate(entries):
                self._prelude.note(entry.kind, entry.payload, is_coded=entry.is_coded)
                self._keep(entry)
                if self._waiting and self._begins(entry):
                    joining = list(self._waiting)
                    self._waiting.clear()
                    first = self._prelude.head(entry.ms) + _joined(entries[n:])
            self._watching.update(joining)
        ms = entries[-1].ms
        item = Item(_joined(entries), ms)
        for one in watching:
            one.offer(item)
        for one in joining:
            one.offer(Item(first, ms))

    def _begins(self, entry: Entry) -> bool:
        is_sound = entry.kind is MediaKind.AUDIO and not self._prelude.has_video
        return entry.is_keyframe or is_sound

    def _keep(self, entry: Entry) -> None:
        if entry.is_keyframe:
            self._kept, self._n_kept_bytes, self._is_keeping = [], 0, True
        if not self._is_keeping:
            return
        self._kept.append(entry)
        self._n_kept_bytes += len(entry.data)
        if self._n_kept_bytes > MAX_KEPT_BYTES:
            self._kept, self._n_kept_bytes, self._is_keeping = [], 0, False

    def subscribe(self) -> Subscription:
        """Join: the first item is header, sequence headers and all since the last keyframe.

        Where no keyframe is kept it comes with the next one; of sound alone, with the next tag.
        """
        subscription = Subscription(self._leave)
        with self._lock:
            if self._has_ended:
                subscription.end()
            elif self._kept:
                begin = self._prelude.head(self._kept[0].ms)
                subscription.offer(Item(begin + _joined(self._kept), self._kept[-1].ms))
                self._watching.add(subscription)
            else:
                self._waiting.add(subscription)
        return subscription

    def _leave(self, subscription: Subscription) -> None:
        with self._lock:
            self._waiting.discard(subscription)
            self._watching.discard(subscription)

    def end(self) -> None:
        """Nothing comes any more: everybody gets what is queued for them."""
        with self._lock:
            self._has_ended = True
            leaving = [*self._waiting, *self._watching]
            self._waiting.clear()
            self._watching.clear()
        for one in leaving:
            one.end()


def _joined(entries: Sequence[Entry]) -> bytes:
    return b"".join([entry.data for entry in entries])
