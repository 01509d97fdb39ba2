"""Headers of chunks, in every form, and what they leave out."""

from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.limits import Limits

#: A time field of this value stands for four bytes behind the header.
EXTENDED = 0xFFFFFF
WRAP = 0xFFFFFFFF

_FULL, _NEW_LENGTH, _NEW_TIME, _SAME = range(4)
#: Bytes behind the basic header, by form.
_HEADER_BYTES = (11, 7, 3, 0)
_LARGEST_SHORT_ID = 63
_FIRST_LONG_ID = 64
_EXTENDED_BYTES = 4


class ChunkStream:
    """What headers of one chunk stream leave out, and its unfinished message."""

    __slots__ = (
        "body", "delta", "id", "is_extended", "is_open", "left", "length", "run", "same_head",
        "stream_id", "timestamp", "type",
    )  # fmt: skip

    def __init__(self, chunk_stream_id: int) -> None:
        self.id = chunk_stream_id
        self.timestamp = self.delta = self.length = self.type = self.stream_id = 0
        self.is_extended = False
        #: The whole basic header of a chunk that goes on; 0 where it takes more than a byte.
        self.same_head = 0xC0 | chunk_stream_id if chunk_stream_id <= _LARGEST_SHORT_ID else 0
        self.body = bytearray()
        self.left = 0
        self.is_open = False
        #: How many chunks in a row were found last time: what the next look is worth.
        self.run = 1


class Headers:
    """The chunk streams of one peer."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._streams: dict[int, ChunkStream] = {}
        #: The largest message that may begin.
        self.message_bytes = limits.early_message_bytes

    def known(self, chunk_stream_id: int) -> ChunkStream | None:
        """Tell a chunk stream that has begun."""
        return self._streams.get(chunk_stream_id)

    def read(self, buffer: bytearray, at: int) -> tuple[ChunkStream, int] | None:
        """Read a header once it is whole: whose chunk follows it, and where.

        Raises:
            ProtocolError: it cannot be, or a limit is passed.
        """
        have = len(buffer) - at
        if have <= 0:
            return None
        form, chunk_stream_id, n_basic = buffer[at] >> 6, buffer[at] & 0x3F, 1
        if chunk_stream_id <= 1:
            n_basic += 1 + chunk_stream_id
            if have < n_basic:
                return None
            # The three-byte form has its low byte first.
            tail = buffer[at + 1 : at + n_basic]
            chunk_stream_id = int.from_bytes(tail, "little") + _FIRST_LONG_ID
        end = at + n_basic + _HEADER_BYTES[form]
        if len(buffer) < end:
            return None
        stream = self._streams.get(chunk_stream_id) or self._new(chunk_stream_id, form)
        if form == _SAME:
            return self._same(stream, buffer, end)
        return self._changed(stream, form, buffer, end)

    def _new(self, chunk_stream_id: int, form: int) -> ChunkStream:
        # A first header without a stream id is against the rules, and common for pings.
        if form > _NEW_LENGTH:
            raise ProtocolError(Fault.CHUNK, "a chunk goes on with what never began")
        if len(self._streams) >= self._limits.chunk_streams:
            raise ProtocolError(Fault.CHUNK_STREAMS, "it uses too many chunk streams")
        return ChunkStream(chunk_stream_id)

    def _changed(
        self, stream: ChunkStream, form: int, buffer: bytearray, end: int
    ) -> tuple[ChunkStream, int] | None:
        """Read a header that begins a message with fields of its own."""
        at = end - _HEADER_BYTES[form]
        time = int.from_bytes(buffer[at : at + 3], "big")
        is_extended = time == EXTENDED
        if is_extended:
            if len(buffer) < end + _EXTENDED_BYTES:
                return None
            time = int.from_bytes(buffer[end : end + _EXTENDED_BYTES], "big")
            end += _EXTENDED_BYTES
        if stream.is_open:
            raise ProtocolError(Fault.CHUNK, "a message begins inside of another")
        if form != _NEW_TIME:
            stream.length = int.from_bytes(buffer[at + 3 : at + 6], "big")
            stream.type = buffer[at + 6]
        if form == _FULL:
            stream.stream_id = int.from_bytes(buffer[at + 7 : at + 11], "little")
        stream.is_extended, stream.delta = is_extended, time
        stream.timestamp = (time if form == _FULL else stream.timestamp + time) & WRAP
        self._streams[stream.id] = stream
        return self._begun(stream, end)

    def _same(
        self, stream: ChunkStream, buffer: bytearray, end: int
    ) -> tuple[ChunkStream, int] | None:
        """Read a header without fields: the next chunk, or a message like the one before."""
        if stream.is_extended:
            if len(buffer) < end + _EXTENDED_BYTES:
                return None
            time = int.from_bytes(buffer[end : end + _EXTENDED_BYTES], "big")
            # Some leave the four bytes out here, against the rules: then they are media.
            if time in (stream.delta, stream.timestamp):
                end += _EXTENDED_BYTES
        if stream.is_open:
            return stream, end
        stream.timestamp = (stream.timestamp + stream.delta) & WRAP
        return self._begun(stream, end)

    def _begun(self, stream: ChunkStream, end: int) -> tuple[ChunkStream, int]:
        if stream.length > self.message_bytes:
            raise ProtocolError(Fault.MESSAGE_SIZE, "a message is larger than is taken")
        stream.left = stream.length
        stream.is_open = True
        return stream, end
