"""H.264 passed on: frames as they come, put into fragments that begin at keyframes."""

from dataclasses import replace
from fractions import Fraction

from pipeline.core.fragments import Frame, fragment
from pipeline.core.live.cutting import Piece
from pipeline.core.live.packets import Packet
from pipeline.core.measures import MEDIA_ZERO_S

#: Ticks of the track: the clock of FLV.
TIMESCALE = 1000
_ZERO_MS = MEDIA_ZERO_S * 1000


class PassedOn:
    """Packets in, fragments out, each closed by the keyframe behind it."""

    def __init__(self) -> None:
        self._packets: list[Packet] = []
        self._n = 0

    @property
    def open_ms(self) -> int:
        """How long the fragment is by now, without a keyframe behind it."""
        packets = self._packets
        if len(packets) < 2:  # noqa: PLR2004 - a step takes two
            return 0
        step_ms = packets[-1].decode_ms - packets[-2].decode_ms
        return packets[-1].present_ms + step_ms - packets[0].present_ms

    def add(self, packet: Packet) -> Piece[bytes] | None:
        """Take the next packet; tell the fragment it closes. None before the first keyframe."""
        if not self._packets:
            self._packets = [packet] if packet.is_key else []
            return None
        # Decoding times that stand still or go back, nothing can be made of.
        if packet.decode_ms <= self._packets[-1].decode_ms:
            return None
        if not packet.is_key:
            self._packets.append(packet)
            return None
        closed = self._closed(packet.decode_ms, packet.present_ms)
        self._packets = [packet]
        return closed

    def rest(self) -> Piece[bytes] | None:
        """Close the last fragment, when no more will come."""
        if not self._packets:
            return None
        last = self._packets[-1]
        step_ms = last.decode_ms - self._packets[-2].decode_ms if len(self._packets) > 1 else 33
        end_ms = max(packet.present_ms for packet in self._packets) + step_ms
        closed = self._closed(last.decode_ms + step_ms, end_ms)
        self._packets = []
        return replace(closed, is_closed=False)

    def _closed(self, next_decode_ms: int, end_ms: int) -> Piece[bytes]:
        self._n += 1
        packets = self._packets
        ends_ms = [*(packet.decode_ms for packet in packets[1:]), next_decode_ms]
        frames = [
            Frame(end - one.decode_ms, one.present_ms - one.decode_ms, one.is_key, one.data)
            for one, end in zip(packets, ends_ms, strict=True)
        ]
        data = fragment(self._n, packets[0].decode_ms + _ZERO_MS, frames)
        start_ms = packets[0].present_ms
        return Piece(Fraction(start_ms, 1000), Fraction(end_ms, 1000), data)
