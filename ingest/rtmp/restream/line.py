"""One connection to a server that takes a stream: from its first byte to its last."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from ingest.rtmp.protocol.client import ClientSide
from ingest.rtmp.protocol.events import Accepted, Closed, Event, Phase, Refused
from ingest.rtmp.restream.feed import Feed
from ingest.rtmp.restream.road import Ends
from ingest.rtmp.restream.source import Source, Subscription
from pipeline.core.restream import Destination
from pipeline.core.restream_errors import TargetRefused, TargetUnreachable

#: Patience with handshake and requests; with a server that takes nothing; with a last goodbye.
ANSWER_S, STALL_S, GOODBYE_S = 15.0, 20.0, 2.0
_READ_BYTES = 65_536
#: How soon a server that takes nothing is noticed.
_LOOK_S = 1.0


class Line:
    """Never waits for the server with what the source gives: what it is too slow for is dropped."""

    def __init__(self, ends: Ends, to: Destination, key: str, *, stall_s: float = STALL_S) -> None:
        self._reader, self._writer = ends
        # Waiting for room is nobody's business here: how much is unsent is asked.
        self._writer.transport.set_write_buffer_limits(high=2**31)
        self._client = ClientSide(app=to.app, tc_url=to.url, stream_name=key, is_publishing=True)
        self._accepted = asyncio.Event()
        self._feed = Feed()
        self._n_written_bytes = 0
        self._stall_s = stall_s
        self._moved: tuple[int, float] = (0, time.monotonic())

    @property
    def n_sent_bytes(self) -> int:
        """What the system took for the server."""
        return self._n_written_bytes - self._unsent_bytes

    @property
    def n_dropped(self) -> int:
        """Pictures and sounds it was too slow for."""
        return self._feed.n_dropped

    @property
    def _unsent_bytes(self) -> int:
        return self._writer.transport.get_write_buffer_size()

    async def push(self, source: Source, on_live: Callable[[], None]) -> None:
        """Publish until the source ends; ``on_live`` is called when the server has agreed.

        Raises:
            TargetRefused: the server said no.
            TargetUnreachable: it went away, takes nothing any more, or speaks no RTMP.
        """
        listening = asyncio.ensure_future(self._listen())
        try:
            await self._agreed(listening)
            on_live()
            subscription = source.subscribe()
            try:
                await self._pump(subscription, listening)
            finally:
                subscription.close()
            await self._say_goodbye()
        except (OSError, EOFError) as exc:
            raise TargetUnreachable("the connection broke off") from exc
        finally:
            listening.cancel()
            self._writer.transport.abort()
            await asyncio.gather(listening, return_exceptions=True)

    async def _agreed(self, listening: "asyncio.Future[None]") -> None:
        self._flush()
        waiting = asyncio.ensure_future(self._accepted.wait())
        try:
            await _first(waiting, listening, ANSWER_S)
        finally:
            waiting.cancel()
        if not self._accepted.is_set():
            raise TargetUnreachable("the server does not answer", code="url.timed_out")

    async def _pump(self, subscription: Subscription, listening: "asyncio.Future[None]") -> None:
        """Pass on what comes, for as long as the server listens."""
        while True:
            coming = asyncio.ensure_future(subscription.get())
            try:
                while not coming.done():
                    await _first(coming, listening, _LOOK_S)
                    self._check_that_it_moves()
            finally:
                coming.cancel()
            item = coming.result()
            if item is None:
                break
            self._send(item.data)
        if subscription.was_cut:
            raise TargetUnreachable("this door was too busy to push on")

    def _send(self, data: bytes) -> None:
        for tag in self._feed.take(data, self._unsent_bytes):
            self._client.send_media(tag.kind, tag.timestamp_ms, tag.payload)
        self._flush()

    def _check_that_it_moves(self) -> None:
        n_bytes, since_s = self._moved
        if not self._unsent_bytes or self.n_sent_bytes != n_bytes:
            self._moved = self.n_sent_bytes, time.monotonic()
        elif time.monotonic() - since_s > self._stall_s:
            raise TargetUnreachable("the server takes nothing any more", code="url.timed_out")

    async def _listen(self) -> None:
        """Hear what the server says until it goes; ends by an error alone."""
        while data := await self._reader.read(_READ_BYTES):
            for event in self._client.receive_data(data):
                self._heard(event)
            self._flush()
        raise TargetUnreachable("the server went away")

    def _heard(self, event: Event) -> None:
        if isinstance(event, Accepted):
            self._accepted.set()
        elif isinstance(event, Refused):
            raise TargetRefused("the server does not take the stream")
        elif isinstance(event, Closed):
            raise TargetUnreachable("the server ended the connection")

    def _flush(self) -> None:
        data = self._client.data_to_send()
        if data:
            self._n_written_bytes += len(data)
            self._writer.write(data)

    async def _say_goodbye(self) -> None:
        """Say that the stream ends, and let what is unsent go out."""
        if self._client.phase is not Phase.PUBLISHING:
            return
        self._client.end()
        self._flush()
        self._writer.transport.set_write_buffer_limits(high=0)
        try:
            await asyncio.wait_for(self._writer.drain(), GOODBYE_S)
        except (OSError, TimeoutError):
            return


async def _first(
    awaited: "asyncio.Future[Any]", listening: "asyncio.Future[None]", limit_s: float
) -> None:
    """Wait for one of two, or so long; raise what the server's going raises."""
    both = {awaited, listening}
    await asyncio.wait(both, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
    if listening.done():
        listening.result()
