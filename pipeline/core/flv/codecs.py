"""What sequence headers tell about the media behind them, where it is cheap to read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.core.flv import sps
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import fourcc, is_enhanced

_CLASSIC_VIDEO = {2: "flv1", 3: "flashsv", 4: "vp6f", 5: "vp6a", 7: "h264", 12: "hevc"}
_CLASSIC_AUDIO = {2: "mp3", 5: "nellymoser", 6: "nellymoser", 10: "aac", 11: "speex", 14: "mp3"}
_CLASSIC_AUDIO |= {0: "pcm", 1: "adpcm", 3: "pcm", 4: "nellymoser", 7: "alaw", 8: "mulaw"}
_FOURCCS = {
    b"avc1": "h264", b"hvc1": "hevc", b"av01": "av1", b"vp09": "vp9", b"vp08": "vp8",
    b"mp4a": "aac", b"Opus": "opus", b"fLaC": "flac", b"ac-3": "ac3", b"ec-3": "eac3",
    b".mp3": "mp3",
}  # fmt: skip
_ENHANCED_HEAD_BYTES, _AVC_HEAD_BYTES, _AAC_HEAD_BYTES = 5, 5, 2
_AAC_RATES_HZ = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
#: An index that says: the rate itself follows.
_RATE_FOLLOWS = 15
#: Channel configurations that are no plain count.
_SURROUND = {7: 8}


@dataclass(frozen=True)
class CodecFacts:
    """What is known of a track; None where the header does not tell, or not cheaply."""

    codec: str
    #: As the codec numbers them.
    profile: int | None = None
    level: int | None = None
    width: int | None = None
    height: int | None = None
    sample_rate_hz: int | None = None
    n_channels: int | None = None


def codec(kind: MediaKind, payload: bytes) -> str:
    """Name the codec of any packet; empty where it is unknown."""
    if not payload or kind is MediaKind.DATA:
        return ""
    if is_enhanced(kind, payload):
        return _FOURCCS.get(fourcc(payload), "")
    if kind is MediaKind.VIDEO:
        return _CLASSIC_VIDEO.get(payload[0] & 0x0F, "")
    return _CLASSIC_AUDIO.get(payload[0] >> 4, "")


def facts(kind: MediaKind, payload: bytes) -> CodecFacts:
    """Read a sequence header; of one that is damaged, the codec alone is told."""
    name = codec(kind, payload)
    head_bytes = _AVC_HEAD_BYTES if kind is MediaKind.VIDEO else _AAC_HEAD_BYTES
    if is_enhanced(kind, payload):
        head_bytes = _ENHANCED_HEAD_BYTES
    reader = _READERS.get(name)
    if reader is None:
        return CodecFacts(name)
    try:
        return reader(payload[head_bytes:])
    except (IndexError, ValueError):
        return CodecFacts(name)


def _avc(record: bytes) -> CodecFacts:
    """Read an AVCDecoderConfigurationRecord and the first SPS in it."""
    n_bytes = int.from_bytes(record[6:8], "big") if record[5] & 0x1F else 0
    width, height = sps.size(record[8 : 8 + n_bytes]) if n_bytes else (None, None)
    return CodecFacts("h264", profile=record[1], level=record[3], width=width, height=height)


def _hevc(record: bytes) -> CodecFacts:
    return CodecFacts("hevc", profile=record[1] & 0x1F, level=record[12])


def _av1(record: bytes) -> CodecFacts:
    return CodecFacts("av1", profile=record[1] >> 5, level=record[1] & 0x1F)


def _vp9(record: bytes) -> CodecFacts:
    """Read a VPCodecConfigurationRecord, behind its version and flags."""
    return CodecFacts("vp9", profile=record[4], level=record[5])


def _aac(config: bytes) -> CodecFacts:
    """Read an AudioSpecificConfig."""
    bits = int.from_bytes(config[:5].ljust(5, b"\x00"), "big")
    index = bits >> 31 & 0xF
    rate_hz, channels = _AAC_RATES_HZ[index] if index != _RATE_FOLLOWS else 0, bits >> 27 & 0xF
    if index == _RATE_FOLLOWS:
        rate_hz, channels = bits >> 7 & 0xFFFFFF, bits >> 3 & 0xF
    return CodecFacts(
        "aac",
        profile=bits >> 35,
        sample_rate_hz=rate_hz,
        n_channels=_SURROUND.get(channels, channels) or None,
    )


def _opus(head: bytes) -> CodecFacts:
    """Read an OpusHead: whatever was recorded, it decodes to 48 kHz."""
    return CodecFacts("opus", sample_rate_hz=48000, n_channels=head[9])


_READERS: Mapping[str, Callable[[bytes], CodecFacts]] = {
    "h264": _avc,
    "hevc": _hevc,
    "av1": _av1,
    "vp9": _vp9,
    "aac": _aac,
    "opus": _opus,
}
