"""Publishers and viewers on one loop, light enough to leave the server under test its core."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ingest.rtmp.protocol.client import ClientSide
from ingest.rtmp.protocol.events import Phase
from tests.bench.live.media import Film, slices

_READ_BYTES = 65_536
_ANSWER_S = 20.0


@dataclass
class Viewer:
    """Reads and forgets."""

    #: Where HTTP-FLV is, or ``rtmp://…`` to play.
    url: str
    n_bytes: int = 0

    async def watch(self) -> None:
        parts = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            if parts.scheme == "rtmp":
                await self._play(reader, writer)
            else:
                await self._read(reader, writer)
        finally:
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(self.url)
        host = f"{parts.hostname}:{parts.port}"
        writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise RuntimeError(f"{self.url} answers {head[:60]!r}")
        while data := await reader.read(_READ_BYTES):
            self.n_bytes += len(data)

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = client_of(self.url, is_publishing=False)
        writer.write(client.data_to_send())
        while data := await reader.read(_READ_BYTES):
            self.n_bytes += len(data)
            client.receive_data(data)
            writer.write(client.data_to_send())


@dataclass
class Publisher:
    """Sends what is cut for it at the pace it says."""

    url: str
    n_bytes: int = 0
    cut: Sequence[tuple[float, bytes]] = field(default_factory=list, repr=False)

    async def connect(self) -> ClientSide:
        """Come to where media may go."""
        parts = urlsplit(self.url)
        self._reader, self._writer = await asyncio.open_connection(parts.hostname, parts.port)
        client = client_of(self.url, is_publishing=True)
        async with asyncio.timeout(_ANSWER_S):
            while client.phase is not Phase.PUBLISHING:
                self._writer.write(client.data_to_send())
                client.receive_data(await self._reader.read(_READ_BYTES))
                if client.phase is Phase.CLOSED:
                    raise RuntimeError(f"{urlsplit(self.url).netloc} does not take a publisher")
        return client

    async def publish(self, late_s: float) -> None:
        """Send it all, begun so much later than the others."""
        loop = asyncio.get_running_loop()
        listening = asyncio.ensure_future(self._listen())
        begun_s = loop.time() + late_s
        try:
            for at_s, data in self.cut:
                wait_s = begun_s + at_s - loop.time()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                self._writer.write(data)
                self.n_bytes += len(data)
        finally:
            listening.cancel()
            self._writer.transport.abort()

    async def _listen(self) -> None:
        while await self._reader.read(_READ_BYTES):
            pass


def client_of(url: str, *, is_publishing: bool) -> ClientSide:
    """Make the client of ``rtmp://host:port/app/name``."""
    app_url, _, name = url.rpartition("/")
    app = urlsplit(app_url).path.strip("/")
    return ClientSide(app=app, tc_url=app_url, stream_name=name, is_publishing=is_publishing)


async def connected(urls: Sequence[str], film: Film, seconds: int) -> list[Publisher]:
    """Connect all, with what each sends cut beforehand: once, where they may share it."""
    publishers = [Publisher(url) for url in urls]
    cuts: dict[int, Sequence[tuple[float, bytes]]] = {}
    for one in publishers:
        client = await one.connect()
        # All that differs between publishers is the number the server gave their stream.
        number = client._stream_id
        if number not in cuts:
            cuts[number] = slices(client, film, seconds)
        one.cut = cuts[number]
    return publishers
