"""One client's connection: its socket, the protocol between, and what the door makes of it."""

import asyncio
import time
from collections.abc import Mapping
from typing import Protocol

import structlog

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
_BLOCK_BYTES = 64 * 1024
#: From connecting to a publish that was asked for.
ASKING_S = 15.0
#: Of silence, then the connection is closed.
IDLE_S = 10.0
#: Answers that the client does not read.
_DRAIN_S = 5.0
_FAREWELL_S = 1.0
_TIMES_S: Mapping[Phase, float] = {Phase.PUBLISHING: IDLE_S}


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
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        address: str,
        bitrate_limit_bps: int,
    ) -> None:
        self._desk = desk
        self._reader = reader
        self._writer = writer
        self.address = address
        self._side = ServerSide(applications={APPLICATION})
        self._pace = Pace(bitrate_limit_bps)
        self._publication: Publication | None = None
        self._asks_until_s = time.monotonic() + ASKING_S

    async def serve(self) -> None:
        """Talk until either end is through."""
        try:
            await self._talk()
        except (OSError, TimeoutError, EOFError) as error:
            log.info("door.connection_broke", address=self.address, reason=type(error).__name__)
        finally:
            self._end()
            await self._see_off()

    async def _talk(self) -> None:
        while self._side.phase is not Phase.CLOSED:
            async with asyncio.timeout(self._patience_s()):
                data = await self._reader.read(_BLOCK_BYTES)
            if not data:
                return
            await self._take(data)
            if self._publication is not None:
                self._publication.received_bytes += len(data)
                wait_s = self._pace.wait_s(len(data), now_s=time.monotonic())
                if wait_s:
                    await asyncio.sleep(min(wait_s, IDLE_S / 2))

    def _patience_s(self) -> float:
        if self._side.phase in _TIMES_S:
            return _TIMES_S[self._side.phase]
        return max(0.1, self._asks_until_s - time.monotonic())

    async def _take(self, data: bytes) -> None:
        events = self._side.receive_data(data)
        while events:
            for event in events:
                await self._handle(event)
            # What had come while it was decided.
            events = self._side.receive_data(b"")
        await self._flush()

    async def _handle(self, event: Event) -> None:
        if isinstance(event, MediaReceived):
            if self._publication is not None:
                self._publication.receive(event)
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
        self._writer.write(self._side.data_to_send())
        # One that sends on is read on, so that it can hear why; a silent one is not waited for.
        asyncio.get_running_loop().call_later(_FAREWELL_S, self._writer.close)

    async def _flush(self) -> None:
        data = self._side.data_to_send()
        if data:
            self._writer.write(data)
            async with asyncio.timeout(_DRAIN_S):
                await self._writer.drain()

    def _end(self) -> None:
        publication, self._publication = self._publication, None
        if publication is not None:
            self._desk.leave(publication)

    async def _see_off(self) -> None:
        """End our side, and let a client that is still sending read why, for a while.

        Closing with bytes unread would make the kernel take back what was said.
        """
        try:
            if self._side.phase is Phase.CLOSED and self._writer.can_write_eof():
                self._writer.write_eof()
                async with asyncio.timeout(_FAREWELL_S):
                    while await self._reader.read(_BLOCK_BYTES):
                        pass
        except (OSError, TimeoutError) as error:
            log.debug("door.farewell_cut", reason=type(error).__name__)
        finally:
            self._writer.close()

    def cut(self) -> None:
        """End it now: the door closes."""
        self._end()
        self._writer.transport.abort()
