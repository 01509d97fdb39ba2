"""The bytes of one connection: asked for while it is talked to, handed on by rounds after."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from ingest.rtmp.rounds import Rounds

#: Taken at once; all connections of a loop read into the same room, one after the other.
ROOM_BYTES = 256 * 1024
#: Waiting to be asked for: then no more is read.
_MAX_WAITING_BYTES = 64 * 1024
#: Who sends so much in a round has more to send: it is read on at once.
_STEADY_BYTES = 32 * 1024


class Inlet(asyncio.BufferedProtocol):
    """On the door's loop."""

    def __init__(
        self, room: memoryview, rounds: Rounds, on_arrived: Callable[["Inlet"], None]
    ) -> None:
        self._room = room
        self._rounds = rounds
        self._on_arrived = on_arrived
        self._loop = asyncio.get_running_loop()
        self._waiting = bytearray()
        self._take: Callable[[bytes], None] | None = None
        self._changed = asyncio.Event()
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._heard_at_s = 0.0
        self._is_resting = False
        #: The peer sends no more.
        self.has_ended = False
        self._is_lost = False
        self._error: Exception | None = None
        #: From when it has arrived.
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Arrive, after the handshake of TLS where there is one."""
        self.transport = cast("asyncio.Transport", transport)
        self._on_arrived(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's name
        """Lend the room; what is in it is taken out before another's turn."""
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        """Take what came."""
        self._heard_at_s = self._loop.time()
        data = bytes(self._room[:nbytes])
        if self._take is None:
            self._waiting += data
            if len(self._waiting) > _MAX_WAITING_BYTES:
                self.transport.pause_reading()
            self._changed.set()
            return
        if nbytes < _STEADY_BYTES:
            self.transport.pause_reading()
            self._rounds.wait(self._go_on)
        self._take(data)

    def eof_received(self) -> bool:
        """Note that the peer sends no more; what we say may still go out."""
        self.has_ended = True
        self._changed.set()
        return self.transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that nothing goes either way."""
        self.has_ended = self._is_lost = True
        self._error = exc
        self._changed.set()
        self._may_write.set()

    def pause_writing(self) -> None:
        """Have ``drain`` wait: the peer does not read."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """Let ``drain`` go on."""
        self._may_write.set()

    @property
    def is_stuffed(self) -> bool:
        """Whether the peer leaves unread what we say."""
        return not self._may_write.is_set()

    async def drain(self) -> None:
        """Wait until the peer has read.

        Raises:
            OSError: it has gone.
        """
        await self._may_write.wait()
        if self._is_lost:
            raise self._error or ConnectionResetError("the peer has gone")

    async def read(self) -> bytes:
        """Wait for what comes; nothing is the end.

        Raises:
            OSError: the connection broke.
        """
        while not self._waiting and not self.has_ended:
            self._changed.clear()
            await self._changed.wait()
        if self._error is not None and not self._waiting:
            raise self._error
        data = bytes(self._waiting)
        self._waiting.clear()
        self.transport.resume_reading()
        return data

    async def stream(self, take: Callable[[bytes], None], *, idle_s: float) -> None:
        """Hand what comes to ``take``, round by round, until ``ask`` or the end.

        Raises:
            TimeoutError: nothing came for so long.
            OSError: the connection broke.
        """
        self._take, self._heard_at_s = take, self._loop.time()
        self._hand_on()
        try:
            while self._take is not None and not self.has_ended:
                self._changed.clear()
                left_s = self._heard_at_s + idle_s - self._loop.time()
                if left_s <= 0:
                    raise TimeoutError
                with suppress(TimeoutError):
                    async with asyncio.timeout(left_s):
                        await self._changed.wait()
        finally:
            self._take = None
        if self._error is not None:
            raise self._error

    def ask(self) -> None:
        """Have what comes wait to be asked for again."""
        self._take = None
        self._changed.set()

    def rest(self, seconds: float, unread: bytes = b"") -> None:
        """Read nothing for a while: it waits in the network; what was not taken waits here."""
        self._waiting[:0] = unread
        self._is_resting = True
        self.transport.pause_reading()
        self._loop.call_later(seconds, self._rested)

    def _rested(self) -> None:
        self._is_resting = False
        self._hand_on()

    def _hand_on(self) -> None:
        """Hand on what waits here, if that may be now, and read on."""
        if self._waiting and self._take is not None and not self._is_resting:
            self._heard_at_s = self._loop.time()
            data = bytes(self._waiting)
            self._waiting.clear()
            self._take(data)
        self._go_on()

    def _go_on(self) -> None:
        if not self._is_resting:
            self.transport.resume_reading()
