"""Messages of media in, events out: clocks unwrapped, aggregates taken apart, metadata read."""

from collections.abc import Iterator, Mapping

from ingest.rtmp.protocol.chunk_headers import WRAP
from ingest.rtmp.protocol.events import MediaReceived
from ingest.rtmp.protocol.messages import Message, MessageType
from pipeline.core.flv import amf0
from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.limits import Limits
from pipeline.core.flv.payloads import untaken

_KINDS: Mapping[int, MediaKind] = {
    MessageType.AUDIO: MediaKind.AUDIO,
    MessageType.VIDEO: MediaKind.VIDEO,
    MessageType.DATA: MediaKind.DATA,
    MessageType.DATA_AMF3: MediaKind.DATA,
}
_SET_DATA_FRAME = "@setDataFrame"
#: Of a tag in an aggregate: type, size, time, its highest byte, stream; and its size again behind.
_TAG_HEAD_BYTES, _TAG_TAIL_BYTES = 11, 4
_HALF = 1 << 31


class Intake:
    """The media of one connection."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._last_ms: dict[MediaKind, int] = {}

    def media(self, message: Message) -> Iterator[MediaReceived]:
        """Tell what a message brings; nothing where it is no media.

        Raises:
            ProtocolError: we do not take its codec or form, or an aggregate is broken.
        """
        if message.type == MessageType.AGGREGATE:
            for part in _parts(message):
                yield from self.media(part)
            return
        kind = _KINDS.get(message.type)
        payload = message.payload
        if kind is None or not payload:
            return
        if kind is MediaKind.DATA:
            payload = self._data(message)
        elif said := untaken(kind, payload):
            raise ProtocolError(Fault.MEDIA, f"{said} cannot be taken here")
        if payload:
            yield MediaReceived(kind, self._unwrapped_ms(kind, message.timestamp), payload)

    def _unwrapped_ms(self, kind: MediaKind, timestamp: int) -> int:
        """Go on past 32 bits; what is less than half of them behind is a clock set back."""
        last_ms = self._last_ms.get(kind, timestamp)
        step_ms = (timestamp - last_ms) & WRAP
        self._last_ms[kind] = last_ms + (step_ms if step_ms < _HALF else step_ms - WRAP - 1)
        if self._last_ms[kind] < 0:
            self._last_ms[kind] = timestamp
        return self._last_ms[kind]

    def _data(self, message: Message) -> bytes:
        """Read data whole, so that what goes on from here can be read; empty where it cannot.

        Encoders write odd things into metadata, and no broadcast ends for that.
        """
        payload = message.payload[1:] if message.type == MessageType.DATA_AMF3 else message.payload
        try:
            values = amf0.decode(payload, self._limits)
            if values[:1] == [_SET_DATA_FRAME]:
                values = values[1:]
            if not values or not isinstance(values[0], str):
                return b""
            return amf0.encode(*values)
        except ProtocolError:
            return b""


def _parts(message: Message) -> Iterator[Message]:
    """Take an aggregate apart: tags of FLV, whose clock begins with the message's."""
    data, at, first = message.payload, 0, None
    while at < len(data):
        begin = at + _TAG_HEAD_BYTES
        end = begin + int.from_bytes(data[at + 1 : at + 4], "big")
        if end > len(data) or data[at] == MessageType.AGGREGATE:
            raise ProtocolError(Fault.CONTROL, "an aggregate is cut short")
        tag_time = data[at + 7] << 24 | int.from_bytes(data[at + 4 : at + 7], "big")
        first = tag_time if first is None else first
        timestamp = (message.timestamp + tag_time - first) & WRAP
        yield Message(data[at], message.stream_id, timestamp, data[begin:end])
        at = end + _TAG_TAIL_BYTES
