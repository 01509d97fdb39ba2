"""One publisher's connection within a session: its media put on the clock, kept and handed out."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from ingest.rtmp.broadcast import Broadcast
from ingest.rtmp.clock import SessionClock
from ingest.rtmp.entry import Entry
from ingest.rtmp.meter import Meter
from ingest.rtmp.protocol.events import MediaReceived
from ingest.rtmp.spool.writer import SpoolWriter
from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.live.marks import Break, mark, read_mark
from pipeline.database.streams import SessionRow

log = structlog.get_logger(__name__)


class Publication:
    """On the door's loop."""

    def __init__(
        self, session: SessionRow, begin_ms: int, broadcast: Broadcast, writer: SpoolWriter
    ) -> None:
        self.session = session
        self._clock = SessionClock(begin_ms)
        self._meter = Meter(begin_ms, now_s=time.monotonic())
        self._broadcast = broadcast
        self._writer = writer
        self._has_begun = False
        #: What viewers do not have yet.
        self._shown: list[Entry] = []
        #: Over reconnects, as far as is known.
        self.received_bytes = session.received_bytes
        #: Ends the connection, telling its publisher why.
        self.dismiss: Callable[[str, str], None] = _nobody

    @property
    def front_ms(self) -> int:
        """How far it is on the session's clock."""
        return self._clock.front_ms

    def receive(self, media: Sequence[MediaReceived]) -> None:
        """Take what came together, in order."""
        # Marks are ours to set.
        media = [one for one in media if read_mark(one.kind, one.payload) is None]
        if not media:
            return
        now_s = time.monotonic()
        kept: list[Entry] = []
        if not self._shown:
            # Once all who sent were read: else viewers' threads and the loop take turns for each.
            asyncio.get_running_loop().call_soon(self._show)
        for one in media:
            entry, reason = self._stamped(one, now_s)
            if reason is not None:
                # For workers alone: players would not know what to do with it.
                said = mark(reason, epoch=self.session.epoch)
                kept.append(Entry.of(MediaKind.DATA, entry.ms, said))
            kept.append(entry)
            self._shown.append(entry)
            self._meter.note(entry)
        self._meter.count(sum([len(one.payload) for one in media]), now_s=now_s)
        self._writer.append(kept)

    def _show(self) -> None:
        shown, self._shown = self._shown, []
        self._broadcast.publish(shown)

    def _stamped(self, media: MediaReceived, now_s: float) -> tuple[Entry, Break | None]:
        """Put a tag on the clock; tell where it does not go on from what was before."""
        kind, payload = media.kind, media.payload
        is_coded = tags.is_coded(kind, payload)
        stamped = self._clock.stamp(kind, media.timestamp_ms, is_coded=is_coded, now_s=now_s)
        reason = None
        if not self._has_begun and self.session.epoch > 1:
            reason = Break.RETURN
        elif stamped.is_break:
            log.info("door.clock_jumped", session_id=self.session.id, kind=kind.value)
            reason = Break.JUMP
        self._has_begun = True
        return Entry.of(kind, stamped.ms, payload, is_coded=is_coded), reason

    def facts(self) -> dict[str, Any]:
        """Tell what is known of what comes; see ``Meter``."""
        told = self._meter.facts(now_s=time.monotonic()) | {"clock_ms": self.front_ms}
        if self._writer.n_lost:
            told["spool_lost_tags"] = self._writer.n_lost
        return told

    def end(self) -> None:
        """Finish what is kept of it."""
        self._show()
        self._writer.close()

    @property
    def is_losing(self) -> bool:
        """Whether the disk takes nothing just now."""
        return self._writer.is_losing

    @property
    def is_ending(self) -> bool:
        """Whether what is kept of it is still being written."""
        return self._writer.is_running

    def join(self, timeout_s: float) -> None:
        """Wait until it is on disk."""
        self._writer.join(timeout_s)


def _nobody(_status: str, _why: str) -> None:
    """Stand in until there is a connection."""
