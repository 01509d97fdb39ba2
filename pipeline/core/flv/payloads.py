"""The first bytes of audio and video: what they begin, and whether we take it."""

from collections.abc import Mapping
from enum import IntEnum

from pipeline.core.flv.kinds import MediaKind

#: Video codecs of Enhanced RTMP that are taken.
VIDEO_FOURCCS = frozenset({b"avc1", b"hvc1", b"av01", b"vp09", b"vp08"})
#: Audio codecs of Enhanced RTMP that are taken.
AUDIO_FOURCCS = frozenset({b"mp4a", b"Opus", b"fLaC", b"ac-3", b"ec-3", b".mp3"})

_ENHANCED = 0x80
_AVC, _AAC, _ENHANCED_AUDIO = 7, 10, 9
_KEYFRAME = 1
#: One byte of flags, then the FourCC.
_FOURCC = slice(1, 5)


class PacketType(IntEnum):
    """What an Enhanced packet is, where audio and video agree."""

    SEQUENCE_START = 0
    CODED_FRAMES = 1
    SEQUENCE_END = 2
    CODED_FRAMES_NOW = 3
    METADATA = 4
    AUDIO_MULTITRACK = 5
    VIDEO_MULTITRACK = 6
    MOD_EX = 7


_UNTAKEN: Mapping[MediaKind, Mapping[int, str]] = {
    MediaKind.VIDEO: {PacketType.VIDEO_MULTITRACK: "multitrack", PacketType.MOD_EX: "ModEx"},
    MediaKind.AUDIO: {PacketType.AUDIO_MULTITRACK: "multitrack", PacketType.MOD_EX: "ModEx"},
}
_FOURCCS = {MediaKind.VIDEO: VIDEO_FOURCCS, MediaKind.AUDIO: AUDIO_FOURCCS}


def is_enhanced(kind: MediaKind, payload: bytes) -> bool:
    """Tell whether a FourCC names the codec."""
    if kind is MediaKind.VIDEO:
        return bool(payload) and payload[0] & _ENHANCED != 0
    return kind is MediaKind.AUDIO and bool(payload) and payload[0] >> 4 == _ENHANCED_AUDIO


def packet_type(payload: bytes) -> int:
    """Tell the type of an Enhanced packet."""
    return payload[0] & 0x0F


def fourcc(payload: bytes) -> bytes:
    """Tell the codec of an Enhanced packet."""
    return bytes(payload[_FOURCC])


def is_keyframe(kind: MediaKind, payload: bytes) -> bool:
    """Tell whether decoding can begin here: a picture on its own, and no configuration."""
    if kind is not MediaKind.VIDEO or not payload:
        return False
    return is_whole(payload) and not _is_configuration(kind, payload)


def is_whole(payload: bytes) -> bool:
    """Tell whether a coded picture stands on its own."""
    return payload[0] >> 4 & 0x7 == _KEYFRAME


def is_sequence_header(kind: MediaKind, payload: bytes) -> bool:
    """Tell whether this configures a decoder: whoever joins later needs it first."""
    if not is_enhanced(kind, payload):
        codec = _codec_id(kind, payload)
        return len(payload) > 1 and codec in {_AVC, _AAC} and payload[1] == 0
    return packet_type(payload) == PacketType.SEQUENCE_START


def is_coded(kind: MediaKind, payload: bytes) -> bool:
    """Tell whether this is picture or sound, whose time counts; configurations have any time."""
    if kind is MediaKind.DATA or not payload:
        return False
    if kind is MediaKind.VIDEO:
        # Asked of every frame, of which nearly all are these.
        is_plain = payload[0] & (_ENHANCED | 0x0F) == _AVC and payload[1:2] == b"\x01"
        return is_plain or not _is_configuration(kind, payload)
    if is_enhanced(kind, payload):
        return packet_type(payload) == PacketType.CODED_FRAMES
    return _codec_id(kind, payload) != _AAC or payload[1:2] == b"\x01"


def untaken(kind: MediaKind, payload: bytes) -> str | None:
    """Tell what about this packet we do not take; None where it is fine."""
    if not is_enhanced(kind, payload):
        return None
    feature = _UNTAKEN[kind].get(packet_type(payload))
    if feature:
        return f"{feature} ({kind}) of Enhanced RTMP"
    if fourcc(payload) not in _FOURCCS[kind]:
        return f"the codec of its {kind}"
    return None


def _is_configuration(kind: MediaKind, payload: bytes) -> bool:
    """Tell whether there is no picture in it: a header, an end, HDR metadata."""
    if is_enhanced(kind, payload):
        return packet_type(payload) not in {PacketType.CODED_FRAMES, PacketType.CODED_FRAMES_NOW}
    return _codec_id(kind, payload) == _AVC and payload[1:2] != b"\x01"


def _codec_id(kind: MediaKind, payload: bytes) -> int | None:
    if not payload or kind is MediaKind.DATA:
        return None
    return payload[0] & 0x0F if kind is MediaKind.VIDEO else payload[0] >> 4
