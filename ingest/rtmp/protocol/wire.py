"""What both roles share: handshake, chunks, and the messages that steer the connection."""

from collections.abc import Iterator
from typing import Any

from ingest.rtmp.protocol import messages
from ingest.rtmp.protocol.chunk_reader import ChunkReader
from ingest.rtmp.protocol.chunk_writer import ChunkWriter
from ingest.rtmp.protocol.handshake import ClientHandshake, ServerHandshake
from ingest.rtmp.protocol.messages import (
    COMMAND_CHUNKS,
    CONTROL_CHUNKS,
    ControlType,
    Message,
    MessageType,
)
from pipeline.core.flv import amf0
from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.limits import Limits

#: How often each end tells the other how much has come.
WINDOW_BYTES = 2_500_000
#: What we cut messages by, and ffmpeg then does too: most frames are one chunk.
OUR_CHUNK_BYTES = 65_536

_CONTROL = frozenset(range(MessageType.SET_CHUNK_SIZE, MessageType.PEER_BANDWIDTH + 1))


class Wire:
    """One connection's bytes, without what commands mean."""

    def __init__(self, handshake: ServerHandshake | ClientHandshake, limits: Limits) -> None:
        self._handshake = handshake
        self._early = bytearray()
        self._limits = limits
        self.reader = ChunkReader(limits)
        self.writer = ChunkWriter()
        self._out = bytearray(handshake.opening())
        self._n_received = 0
        self._n_acknowledged = 0
        self._window_bytes = WINDOW_BYTES

    @property
    def is_greeted(self) -> bool:
        """Tell whether the handshake is over."""
        return self._handshake.is_done

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes in.

        Raises:
            ProtocolError: the handshake is none.
        """
        if self._handshake.is_done:
            self._n_received += len(data)
            self.reader.feed(data)
            self._acknowledge()
            return
        self._early += data
        self._out += self._handshake.receive(self._early)
        if self._handshake.is_done:
            self.reader.feed(self._early)
            self._early = bytearray()

    def messages(self) -> Iterator[Message]:
        """Tell the messages that are whole, but those about chunks, windows and pings.

        Raises:
            ProtocolError: one is wrong, or too large.
        """
        while message := self.reader.next_message():
            if message.type not in _CONTROL or not self._obeyed(message):
                yield message

    def send(self, chunk_stream_id: int, message: Message) -> None:
        """Put a message behind what waits to be sent."""
        self._out += self.writer.write(chunk_stream_id, message)

    def control(self, message: Message) -> None:
        """Send a message that steers the connection."""
        self.send(CONTROL_CHUNKS, message)

    def command(self, stream_id: int, *values: Any) -> None:
        """Send a command, or the answer to one.

        Raises:
            ProtocolError: more answers wait than the peer may leave unread.
        """
        payload = amf0.encode(*values)
        self.send(COMMAND_CHUNKS, Message(MessageType.COMMAND, stream_id, 0, payload))
        self._check_unread()

    def set_chunk_size(self) -> None:
        """Cut by our own size from here on, and say so."""
        self.control(messages.control(MessageType.SET_CHUNK_SIZE, OUR_CHUNK_BYTES))
        self.writer.chunk_bytes = OUR_CHUNK_BYTES

    @property
    def unsent_bytes(self) -> int:
        """Tell how much waits to be sent."""
        return len(self._out)

    def data_to_send(self) -> bytes:
        """Take what waits to be sent."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def _acknowledge(self) -> None:
        if self._n_received - self._n_acknowledged >= self._window_bytes:
            self._n_acknowledged = self._n_received
            self.control(messages.control(MessageType.ACKNOWLEDGEMENT, self._n_received))

    def _obeyed(self, message: Message) -> bool:
        """Do what a control message asks; False where it is for whoever is above us."""
        if message.type == MessageType.USER_CONTROL:
            return self._ponged(message)
        value = messages.number(message)
        if message.type == MessageType.SET_CHUNK_SIZE:
            if not 1 <= value <= self._limits.chunk_bytes:
                raise ProtocolError(Fault.CHUNK_SIZE, "it wants chunks of a size that is not taken")
            self.reader.chunk_bytes = value
        elif message.type == MessageType.ABORT:
            self.reader.abort(value)
        elif message.type == MessageType.WINDOW_SIZE:
            # A window of nothing would have every read answered.
            self._window_bytes = max(value, WINDOW_BYTES // 100)
        return True

    def _ponged(self, message: Message) -> bool:
        if int.from_bytes(message.payload[:2], "big") != ControlType.PING:
            return False
        at = int.from_bytes(message.payload[2:6], "big")
        self.control(messages.user_control(ControlType.PONG, at))
        self._check_unread()
        return True

    def _check_unread(self) -> None:
        if len(self._out) > self._limits.answer_bytes:
            raise ProtocolError(Fault.ANSWERS, "it asks faster than it reads")
