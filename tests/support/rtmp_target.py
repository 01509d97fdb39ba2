"""A server that streams are pushed on to: it keeps what it gets, and can refuse or be slow."""

import asyncio
import ssl
from dataclasses import dataclass, field

from ingest.rtmp.protocol.events import (
    ConnectRequested,
    MediaReceived,
    Phase,
    PublishRequested,
    Unpublished,
)
from ingest.rtmp.protocol.server import ServerSide


@dataclass
class Target:
    """Keeps what came by each connection."""

    key: str = "their-key"
    tls: ssl.SSLContext | None = None
    #: While it is clear nothing is read of those who publish.
    is_reading: asyncio.Event = field(default_factory=asyncio.Event)
    by_connection: list[list[MediaReceived]] = field(default_factory=list)
    tc_urls: list[str] = field(default_factory=list)
    n_goodbyes: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self.is_reading.set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def n_connections(self) -> int:
        return len(self.by_connection)

    @property
    def received(self) -> list[MediaReceived]:
        return [one for each in self.by_connection for one in each]

    async def start(self) -> str:
        self._server = await asyncio.start_server(
            self._connection, "127.0.0.1", self.port, ssl=self.tls
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        return f"{'rtmps' if self.tls else 'rtmp'}://localhost:{self.port}/app"

    async def stop(self) -> None:
        self._server.close()
        self.hang_up()
        await self._server.wait_closed()

    def hang_up(self) -> None:
        """Cut everybody off."""
        for writer in self._writers:
            writer.transport.abort()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received: list[MediaReceived] = []
        self.by_connection.append(received)
        self._writers.add(writer)
        side = ServerSide(applications={"app"})
        try:
            while side.phase is not Phase.CLOSED and (data := await reader.read(65_536)):
                events = side.receive_data(data)
                while events:
                    for event in events:
                        self._handle(side, event, received)
                    events = side.receive_data(b"")
                writer.write(side.data_to_send())
                if side.phase is Phase.PUBLISHING:
                    await self.is_reading.wait()
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _handle(self, side: ServerSide, event: object, received: list[MediaReceived]) -> None:
        if isinstance(event, ConnectRequested):
            self.tc_urls.append(event.tc_url)
        elif isinstance(event, PublishRequested):
            if event.stream_name == self.key:
                side.accept_publish()
            else:
                side.refuse("NetStream.Publish.BadName", "No such key.")
        elif isinstance(event, MediaReceived):
            received.append(event)
        elif isinstance(event, Unpublished):
            self.n_goodbyes += 1
