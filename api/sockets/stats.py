"""One reading a second of how streams do, for all who follow any of them in this process."""

from threading import Condition, Thread

import structlog

from api.sockets.frames import text_frame
from api.sockets.mailbox import Mailbox
from pipeline.audience.port import Viewers
from pipeline.core.errors import ReelmillError
from pipeline.database.port import Database
from pipeline.services import stream_stats
from schemas.stream_stats import StatsMessage, StreamStats
from schemas.streams import StreamId
from schemas.tickets import Audience

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0


class StatsBoard:
    """Its thread runs while somebody follows; nothing is read for nobody.

    Who joins is told at the next look at the latest, whatever has changed since their snapshot.
    """

    def __init__(self, database: Database, viewers: Viewers) -> None:
        self._database = database
        self._viewers = viewers
        self._changed = Condition()
        #: Who follows → what they were told last.
        self._told: dict[Mailbox, bytes] = {}
        self._reader: Thread | None = None

    def join(self, mailbox: Mailbox) -> None:
        """Tell a client from now on."""
        with self._changed:
            self._told[mailbox] = b""
            if self._reader is None:
                self._reader = Thread(target=self._read, name="stream-stats", daemon=True)
                self._reader.start()

    def leave(self, mailbox: Mailbox) -> None:
        """Tell it no more; leaving twice is fine."""
        with self._changed:
            self._told.pop(mailbox, None)
            if not self._told:
                self._changed.notify_all()

    def _read(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._told, LOOK_EVERY_S)
                if not self._told:
                    self._reader = None
                    return
                followers = list(self._told)
            try:
                self._tell(followers)
            except ReelmillError as error:
                log.warning("sockets.stats_unreadable", code=error.instance_code)

    def _tell(self, followers: list[Mailbox]) -> None:
        ids = {StreamId(mailbox.seat.stream_id or "") for mailbox in followers}
        found = stream_stats.read(self._database, self._viewers, ids)
        frames: dict[tuple[StreamId, Audience], bytes] = {}
        for mailbox in followers:
            stream_id = StreamId(mailbox.seat.stream_id or "")
            stats = found.get(stream_id)
            if stats is None:
                # The stream was deleted.
                mailbox.end()
                continue
            key = stream_id, mailbox.seat.audience
            frames.setdefault(key, b"")
            frames[key] = frames[key] or frame_for(stats, mailbox.seat.audience)
            self._put(mailbox, frames[key])

    def _put(self, mailbox: Mailbox, frame: bytes) -> None:
        with self._changed:
            if self._told.get(mailbox) in {None, frame}:
                return
            self._told[mailbox] = frame
        mailbox.put_latest(frame)


def frame_for(stats: StreamStats, audience: Audience) -> bytes:
    """Write what an audience may know."""
    whole = audience is Audience.OWNERS
    return text_frame(StatsMessage(stats=stats if whole else stream_stats.reduced(stats)))
