"""Chunks in, messages out: every form of header, within limits, with few copies."""

from ingest.rtmp.protocol.chunk_headers import ChunkStream, Headers
from ingest.rtmp.protocol.messages import Message
from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.limits import Limits

#: What both ends cut messages by until they say otherwise.
FIRST_CHUNK_BYTES = 128


class ChunkReader:
    """Puts messages together; whoever calls it obeys those that set ``chunk_bytes``."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._headers = Headers(limits)
        self._buffer = bytearray()
        self._at = 0
        #: The chunk stream whose header was read and whose chunk was not.
        self._current: ChunkStream | None = None
        self._held_bytes = 0
        self.chunk_bytes = FIRST_CHUNK_BYTES

    @property
    def waiting_bytes(self) -> int:
        """Tell how much came and was not looked at."""
        return len(self._buffer) - self._at

    @property
    def held_bytes(self) -> int:
        """Tell how much of unfinished messages is kept."""
        return self._held_bytes

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take more bytes in."""
        self._buffer += data

    def next_message(self) -> Message | None:
        """Tell the next message; None where more bytes are needed.

        Raises:
            ProtocolError: a header cannot be, or a limit is passed.
        """
        while stream := self._current or self._next_chunk():
            if not self._chunk(stream):
                break
            self._current = None
            if not stream.left:
                return self._finished(stream)
        del self._buffer[: self._at]
        self._at = 0
        return None

    def allow(self, message_bytes: int) -> None:
        """Set the largest message that may begin from here on."""
        self._headers.message_bytes = message_bytes

    def abort(self, chunk_stream_id: int) -> None:
        """Forget the unfinished message of a chunk stream."""
        stream = self._headers.known(chunk_stream_id)
        if stream is not None:
            self._held_bytes -= len(stream.body)
            stream.body = bytearray()
            stream.left = 0
            stream.is_open = False

    def _next_chunk(self) -> ChunkStream | None:
        found = self._headers.read(self._buffer, self._at)
        if found is not None:
            self._current, self._at = found
        return self._current

    def _chunk(self, stream: ChunkStream) -> bool:
        """Take a chunk once it is whole, and those behind it that are of the same message."""
        if stream.left > self.chunk_bytes and stream.same_head and not stream.is_extended:
            self._run(stream)
        n_bytes = min(stream.left, self.chunk_bytes)
        end = self._at + n_bytes
        if len(self._buffer) < end:
            return False
        self._keep(stream, self._buffer[self._at : end])
        self._at = end
        return True

    def _run(self, stream: ChunkStream) -> None:
        """Take whole chunks that are followed by a header that only says: more.

        All at once, by slices, as large messages in small chunks are what most bytes are. How far
        it looks ahead doubles while that is right, so that looking in vain stays cheap.
        """
        size, stride = self.chunk_bytes, self.chunk_bytes + 1
        while True:
            ahead = min((stream.left - 1) // size, self.waiting_bytes // stride)
            n_chunks = min(ahead, 2 * stream.run)
            if not n_chunks:
                return
            heads = self._buffer[self._at + size : self._at + n_chunks * stride : stride]
            n_same = n_chunks - len(heads.lstrip(bytes((stream.same_head,))))
            stream.run = max(1, n_same)
            if n_same:
                piece = self._buffer[self._at : self._at + n_same * stride]
                del piece[size::stride]
                self._keep(stream, piece)
                self._at += n_same * stride
            if n_same < n_chunks:
                return

    def _keep(self, stream: ChunkStream, piece: bytearray) -> None:
        self._held_bytes += len(piece)
        if self._held_bytes > self._limits.partial_bytes:
            raise ProtocolError(Fault.MEMORY, "its unfinished messages are too large together")
        stream.left -= len(piece)
        if stream.body:
            stream.body += piece
        else:
            stream.body = piece

    def _finished(self, stream: ChunkStream) -> Message:
        payload = bytes(stream.body)
        self._held_bytes -= len(payload)
        stream.body = bytearray()
        stream.is_open = False
        return Message(stream.type, stream.stream_id, stream.timestamp, payload)
