"""The smallest RTMP server over our protocol: it writes what is published as FLV, and plays it."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from ingest.rtmp.protocol.events import (
    Event,
    MediaReceived,
    Phase,
    PlayRequested,
    PublishRequested,
    Unpublished,
)
from ingest.rtmp.protocol.server import ServerSide
from pipeline.core.flv import tags as flv


@dataclass
class RecordingServer:
    """Serves one connection after the other on a port of its own."""

    path: Path
    events: list[Event] = field(default_factory=list)
    #: All that came, for fixtures.
    raw: bytearray = field(default_factory=bytearray)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    refuses: str = ""
    applications: set[str] = field(default_factory=lambda: {"live"})

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        side = ServerSide(applications=self.applications)
        with self.path.open("wb") as file:
            file.write(flv.header())
            while data := await reader.read(65536):
                self.raw += data
                events = side.receive_data(data)
                while events:
                    for event in events:
                        self._handle(side, event, file)
                    events = side.receive_data(b"")
                writer.write(side.data_to_send())
                if side.phase is Phase.CLOSED:
                    break
        await writer.drain()
        writer.close()
        self.ended.set()

    def _handle(self, side: ServerSide, event: Event, file: object) -> None:
        self.events.append(event)
        if isinstance(event, PublishRequested):
            if self.refuses:
                side.refuse("NetStream.Publish.BadName", self.refuses)
            else:
                side.accept_publish()
        elif isinstance(event, PlayRequested):
            side.accept_play()
        elif isinstance(event, MediaReceived):
            file.write(flv.tag(event.kind, event.timestamp_ms, event.payload))  # type: ignore[attr-defined]
        elif isinstance(event, Unpublished):
            self.ended.set()
