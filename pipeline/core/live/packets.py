"""Coded frames out of tags: when they are decoded and shown, and the bytes a decoder gets."""

from dataclasses import dataclass

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import PacketType, fourcc, is_enhanced, is_keyframe, packet_type
from pipeline.core.flv.tags import Tag

#: Codecs whose frames carry how much later than decoded they are shown, where not said ``now``.
_SHIFTED = frozenset({b"avc1", b"hvc1"})
_CLASSIC_HEAD_BYTES, _CLASSIC_SOUND_HEAD_BYTES, _ENHANCED_HEAD_BYTES = 5, 2, 5
_SHIFT_BYTES = 3
_CLASSIC_AVC, _CLASSIC_AAC = 7, 10
_FRAMES = 1
#: A picture that is said to be shown so much later, or earlier, than decoded is damaged: held
#: until then, one of them would be thousands.
_MOST_SHIFT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Packet:
    """One coded frame; times on the clock of its broadcast."""

    kind: MediaKind
    decode_ms: int
    present_ms: int
    is_key: bool
    data: bytes


def read(tag: Tag) -> Packet | None:
    """Read a tag of audio or video; None where it is no coded frame, or damaged."""
    if tag.kind is MediaKind.DATA or len(tag.payload) <= 1:
        return None
    reader = _enhanced if is_enhanced(tag.kind, tag.payload) else _classic
    found = reader(tag)
    if found is None:
        return None
    shift_ms, head_bytes = found
    data = tag.payload[head_bytes:]
    if not data or abs(shift_ms) > _MOST_SHIFT_MS:
        return None
    is_key = tag.kind is MediaKind.AUDIO or is_keyframe(tag.kind, tag.payload)
    return Packet(tag.kind, tag.timestamp_ms, tag.timestamp_ms + shift_ms, is_key, data)


def configuration(tag: Tag) -> bytes:
    """Tell what a sequence header configures its decoder by."""
    is_classic_sound = tag.kind is MediaKind.AUDIO and not is_enhanced(tag.kind, tag.payload)
    return tag.payload[_CLASSIC_SOUND_HEAD_BYTES if is_classic_sound else _CLASSIC_HEAD_BYTES :]


def _classic(tag: Tag) -> tuple[int, int] | None:
    payload = tag.payload
    if tag.kind is MediaKind.AUDIO:
        if payload[0] >> 4 == _CLASSIC_AAC:
            return (0, _CLASSIC_SOUND_HEAD_BYTES) if payload[1] == _FRAMES else None
        return 0, 1
    if payload[0] & 0x0F != _CLASSIC_AVC:
        return 0, 1
    if payload[1] != _FRAMES or len(payload) < _CLASSIC_HEAD_BYTES:
        return None
    return _signed(payload[2:5]), _CLASSIC_HEAD_BYTES


def _enhanced(tag: Tag) -> tuple[int, int] | None:
    payload, type_ = tag.payload, packet_type(tag.payload)
    is_shifted = tag.kind is MediaKind.VIDEO and fourcc(payload) in _SHIFTED
    if type_ == PacketType.CODED_FRAMES and is_shifted:
        end = _ENHANCED_HEAD_BYTES + _SHIFT_BYTES
        return _signed(payload[_ENHANCED_HEAD_BYTES:end]), end
    # Of sound there is no other form.
    now = {PacketType.CODED_FRAMES}
    if tag.kind is MediaKind.VIDEO:
        now.add(PacketType.CODED_FRAMES_NOW)
    return (0, _ENHANCED_HEAD_BYTES) if type_ in now else None


def _signed(three: bytes) -> int:
    return int.from_bytes(three, "big", signed=True)
