"""One publisher's connection within a session: its media put on the clock, kept and handed out."""

import time
from collections.abc import Callable
from typing import Any

import structlog

from ingest.rtmp.broadcast import Broadcast
from ingest.rtmp.clock import SessionClock
from ingest.rtmp.meter import Meter
from ingest.rtmp.protocol.events import MediaReceived
from ingest.rtmp.spool.writer import Entry, SpoolWriter
from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.live.marks import Break, mark
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
        #: Over reconnects, as far as is known.
        self.received_bytes = session.received_bytes
        #: Ends the connection, telling its publisher why.
        self.dismiss: Callable[[str, str], None] = _nobody

    @property
    def front_ms(self) -> int:
        """How far it is on the session's clock."""
        return self._clock.front_ms

    def receive(self, media: MediaReceived) -> None:
        """Take a tag."""
        now_s = time.monotonic()
        kind, payload = media.kind, media.payload
        is_coded = tags.is_coded(kind, payload)
        stamped = self._clock.stamp(kind, media.timestamp_ms, is_coded=is_coded, now_s=now_s)
        if not self._has_begun and self.session.epoch > 1:
            self._keep_mark(Break.RETURN, stamped.ms)
        elif stamped.is_break:
            log.info("door.clock_jumped", session_id=self.session.id, kind=kind.value)
            self._keep_mark(Break.JUMP, stamped.ms)
        self._has_begun = True
        data = tags.tag(kind, stamped.ms, payload)
        self._meter.note(kind, stamped.ms, payload, now_s=now_s)
        self._writer.append(Entry(kind, stamped.ms, payload, data))
        self._broadcast.publish(kind, stamped.ms, payload, data)

    def _keep_mark(self, reason: Break, ms: int) -> None:
        # For workers alone: players would not know what to do with it.
        payload = mark(reason, epoch=self.session.epoch)
        data = tags.tag(MediaKind.DATA, ms, payload)
        self._writer.append(Entry(MediaKind.DATA, ms, payload, data))

    def facts(self) -> dict[str, Any]:
        """Tell what is known of what comes; see ``Meter``."""
        told = self._meter.facts(now_s=time.monotonic()) | {"clock_ms": self.front_ms}
        if self._writer.n_lost:
            told["spool_lost_tags"] = self._writer.n_lost
        return told

    def end(self) -> None:
        """Finish what is kept of it."""
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
