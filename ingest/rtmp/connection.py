"""One client's connection: its socket, the protocol between, and what the door makes of it."""

import asyncio
import time
from typing import Protocol

import structlog

from ingest.rtmp.inlet import Inlet
from ingest.rtmp.pace import Pace
from ingest.rtmp.protocol.events import (
    Closed,
    Event,
    MediaReceived,
    Phase,
    PlayRequested,
    PublishRequested,
    Unpublished,
)
from ingest.rtmp.protocol.server import ServerSide
from ingest.rtmp.publication import Publication

log = structlog.get_logger(__name__)

APPLICATION = "live"
#: What a publisher may have done at a time, and in a second: a tag costs much the same whatever is
#: in it, there may be one in two bytes, and cameras send a few hundred.
_PART_BYTES, _TURN_EVENTS, MOST_TAGS_PER_S = 32 * 1024, 256, 2000
#: From connecting to a publish that was asked for.
ASKING_S = 15.0
#: Of silence, then the connection is closed.
IDLE_S = 10.0
#: Answers that the client does not read.
_DRAIN_S = 5.0
_FAREWELL_S = 1.0


class Desk(Protocol):
    """Where it is decided who may publish."""

    async def open(self, key: str, connection: "Connection") -> Publication | None:
        """Let a publisher in; None where it was refused, and told so."""

    def leave(self, publication: Publication) -> None:
        """Note that a publisher has gone."""


class Connection:
    """On the door's loop; ``serve`` lasts as long as it does."""

    def __init__(
        self,
        desk: Desk,
        inlet: Inlet,
        *,
        address: str,
        bitrate_limit_bps: int,
    ) -> None:
        self._desk = desk
        self._inlet = inlet
        self._transport = inlet.transport
        self.address = address
        self._side = ServerSide(applications={APPLICATION})
        self._pace = Pace(bitrate_limit_bps)
        self._tag_pace = Pace(MOST_TAGS_PER_S)
        self._publication: Publication | None = None
        #: What came and is no media.
        self._events: list[Event] = []
        self._asks_until_s = time.monotonic() + ASKING_S

    async def serve(self) -> None:
        """Talk until either end is through."""
        try:
            await self._talk()
        except (OSError, TimeoutError, EOFError) as error:
            log.info("door.connection_broke", address=self.address, reason=type(error).__name__)
        finally:
            self._end()
            await _see_off(self._inlet, is_told_why=self._side.phase is Phase.CLOSED)

    async def _talk(self) -> None:
        while self._side.phase is not Phase.CLOSED:
            if self._publication is None:
                left_s = self._asks_until_s - time.monotonic()
                if left_s <= 0:
                    # However often it sends a byte.
                    raise TimeoutError
                async with asyncio.timeout(left_s):
                    data = await self._inlet.read()
                events = self._side.receive_data(data)
            else:
                await self._inlet.stream(self._receive, idle_s=IDLE_S)
                data, events, self._events = b"", self._events, []
            await self._take(events)
            if self._publication is not None:  # what came with the request to publish
                self._publication.received_bytes += len(data)
            if not data and self._inlet.has_ended and not events:
                return

    def _receive(self, data: bytes) -> None:
        """Take what a publisher sends, part by part, until it has to wait with the rest."""
        for at in range(0, len(data), _PART_BYTES):
            wait_s = self._receive_part(data[at : at + _PART_BYTES])
            if wait_s or self._events:
                self._inlet.rest(min(wait_s, IDLE_S / 2), unread=data[at + _PART_BYTES :])
                return

    def _receive_part(self, data: bytes) -> float:
        """Take a part; tell how long to wait. What is no media is for ``_talk``."""
        publication = self._publication
        if publication is None:
            return 0.0
        publication.received_bytes += len(data)
        events = self._side.receive_data(data)
        media: list[MediaReceived] = []
        for event in events:
            if not isinstance(event, MediaReceived):
                break
            media.append(event)
        publication.receive(media)
        self._events = events[len(media) :]
        if self._side.unsent_bytes:
            self._transport.write(self._side.data_to_send())
        if self._events or self._inlet.is_stuffed:
            self._inlet.ask()
        now_s = time.monotonic()
        bits_s = self._pace.wait_s(len(data) * 8, now_s=now_s)
        return max(bits_s, self._tag_pace.wait_s(len(events), now_s=now_s))

    async def _take(self, events: list[Event]) -> None:
        while events:
            for n, event in enumerate(events, 1):
                await self._handle(event)
                if n % _TURN_EVENTS == 0:
                    # Others have publishers here too.
                    await asyncio.sleep(0)
            # What had come while it was decided.
            events = self._side.receive_data(b"")
        await self._flush()

    async def _handle(self, event: Event) -> None:
        if isinstance(event, MediaReceived):
            if self._publication is not None:
                self._publication.receive([event])
        elif isinstance(event, PublishRequested):
            await self._flush()
            await self._publish(event.stream_name)
        elif isinstance(event, PlayRequested):
            self.refuse(
                "NetStream.Play.Failed",
                "Streams are not played over RTMP here: watch by HLS, or by HTTP-FLV.",
            )
        elif isinstance(event, Unpublished):
            self._end()
            # It may publish again on this connection.
            self._asks_until_s = time.monotonic() + ASKING_S
        elif isinstance(event, Closed) and event.error is not None:
            log.info("door.protocol", address=self.address, fault=event.error.fault.value)

    async def _publish(self, stream_name: str) -> None:
        # Encoders put what is for other services behind the name.
        key = stream_name.partition("?")[0]
        publication = await self._desk.open(key, self)
        if publication is None:
            return
        if self._side.phase is not Phase.DECISION:
            self._desk.leave(publication)
            return
        self._publication = publication
        publication.dismiss = self._dismiss
        self._side.accept_publish()

    def refuse(self, status: str, why: str) -> None:
        """Say no; the connection ends when that is written."""
        self._side.refuse(status, why)

    def _dismiss(self, status: str, why: str) -> None:
        """Send the publisher away while its connection waits for more."""
        self._publication = None
        self._side.refuse(status, why)
        self._transport.write(self._side.data_to_send())
        self._inlet.ask()

    async def _flush(self) -> None:
        if self._side.unsent_bytes:
            self._transport.write(self._side.data_to_send())
        async with asyncio.timeout(_DRAIN_S):
            await self._inlet.drain()

    def _end(self) -> None:
        publication, self._publication = self._publication, None
        if publication is not None:
            self._desk.leave(publication)

    def cut(self) -> None:
        """End it now: the door closes."""
        self._end()
        self._transport.abort()


async def _see_off(inlet: Inlet, *, is_told_why: bool) -> None:
    """Say nothing more, and let a client that is still sending read what was said, for a while.

    Closing with bytes unread would make the kernel take it back.
    """
    try:
        if is_told_why and inlet.transport.can_write_eof():
            inlet.transport.write_eof()
            async with asyncio.timeout(_FAREWELL_S):
                while await inlet.read():
                    pass
    except (OSError, TimeoutError) as error:
        log.debug("door.farewell_cut", reason=type(error).__name__)
    finally:
        inlet.transport.close()
