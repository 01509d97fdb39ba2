"""What a publisher sends, handed to everybody who watches here: late ones begin at a keyframe."""

from threading import Lock

from ingest.rtmp.prelude import Prelude
from ingest.rtmp.subscription import Item, Subscription
from pipeline.core.flv import tags
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
        self._kept: list[Item] = []
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

    def publish(self, kind: MediaKind, ms: int, payload: bytes, data: bytes) -> None:
        """Hand out one tag.

        Args:
            kind: its kind.
            ms: its time on the session's clock.
            payload: what is in it.
            data: it all, as written.
        """
        is_keyframe = tags.is_keyframe(kind, payload)
        item = Item(data, ms, is_keyframe)
        with self._lock:
            self._prelude.note(kind, payload)
            watching = list(self._watching)
            self._keep(item)
            begins = is_keyframe or (kind is MediaKind.AUDIO and not self._prelude.has_video)
            joining = list(self._waiting) if begins else []
            self._waiting.difference_update(joining)
            self._watching.update(joining)
            first = Item(self._prelude.head(ms) + data, ms, is_keyframe) if joining else item
        for one in watching:
            one.offer(item)
        for one in joining:
            one.offer(first)

    def _keep(self, item: Item) -> None:
        if item.is_keyframe:
            self._kept, self._n_kept_bytes, self._is_keeping = [], 0, True
        if not self._is_keeping:
            return
        self._kept.append(item)
        self._n_kept_bytes += len(item.data)
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
                data = b"".join((begin, *(item.data for item in self._kept)))
                subscription.offer(Item(data, self._kept[-1].ms, is_keyframe=True))
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
