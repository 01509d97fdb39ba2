"""The RFC 6381 codecs string of a rendition, read from its init segment.

Players decide by it whether they can play at all, so it is read from what was really encoded,
never guessed from what was asked for.

Source: RFC 6381 §3.3; ISO/IEC 14496-15 Annex E (avc1, hvc1); AV1-ISOBMFF §5; VP9-ISOBMFF.
"""

from collections.abc import Callable, Mapping
from struct import unpack_from
from types import MappingProxyType

from pipeline.core.errors import OutputInvalid
from pipeline.core.fmp4 import Init, read_init
from schemas.vocabulary import VideoRange

_DECODER_CONFIG_TAG = 0x04
_DECODER_SPECIFIC_TAG = 0x05
#: Transfer curves by the code points of ITU-T H.273.
HDR_CODE_POINTS: Mapping[int, VideoRange] = MappingProxyType(
    {16: VideoRange.PQ, 18: VideoRange.HLG}
)
_COLR_BYTES = 10


def codecs(init_segment: bytes) -> str:
    """Name the codec of an init segment, e.g. ``avc1.64001f`` or ``mp4a.40.2``.

    Raises:
        OutputInvalid: the segment is cut off or of a codec we never write.
    """
    init = read_init(init_segment)
    name = _READERS.get(init.entry)
    if name is None:
        raise OutputInvalid(f"The init segment holds an unexpected codec {init.entry!r}.")
    try:
        return name(init)
    except (KeyError, IndexError) as exc:
        raise OutputInvalid(f"The decoder configuration of {init.entry} is incomplete.") from exc


def _avc(init: Init) -> str:
    config = init.config["avcC"]
    return f"{init.entry}.{config[1:4].hex()}"


def _hevc(init: Init) -> str:
    config = init.config["hvcC"]
    space = ("", "A", "B", "C")[config[1] >> 6]
    tier = "H" if config[1] & 0x20 else "L"
    # Compatibility flags are written in reverse bit order.
    flags = int(f"{int.from_bytes(config[2:6], 'big'):032b}"[::-1], 2)
    constraints = [f"{byte:x}" for byte in config[6:12].rstrip(b"\0")]
    parts = [init.entry, f"{space}{config[1] & 0x1F}", f"{flags:X}", f"{tier}{config[12]}"]
    return ".".join(parts + [part.upper() for part in constraints])


def _av1(init: Init) -> str:
    config = init.config["av1C"]
    profile, level = config[1] >> 5, config[1] & 0x1F
    tier = "H" if config[2] & 0x80 else "M"
    depth = 8 if not config[2] & 0x40 else (12 if config[2] & 0x20 else 10)
    name = f"av01.{profile}.{level:02d}{tier}.{depth:02d}"
    color = colr(init)
    if color is None or color[1] not in HDR_CODE_POINTS:
        return name
    # Monochrome or not, how chroma lies, primaries, curve, matrix and range: all or none of them.
    subsampling = f"{config[2] >> 3 & 1}{config[2] >> 2 & 1}{config[2] & 3}"
    points = ".".join(f"{point:02d}" for point in color)
    return f"{name}.{config[2] >> 4 & 1}.{subsampling}.{points}.0"


def colr(init: Init) -> tuple[int, int, int] | None:
    """Read primaries, transfer curve and matrix of an init segment, by the points of H.273."""
    box = init.config.get("colr", b"")
    if box[:4] != b"nclx" or len(box) < _COLR_BYTES:
        return None
    return unpack_from(">HHH", box, 4)


def _vp9(init: Init) -> str:
    config = init.config["vpcC"]
    return f"vp09.{config[4]:02d}.{config[5]:02d}.{config[6] >> 4:02d}"


def _aac(init: Init) -> str:
    object_type, specific = _decoder_config(init.config["esds"])
    audio_type = specific[0] >> 3
    # 31 escapes to six further bits.
    if audio_type == 31:  # noqa: PLR2004 (ISO/IEC 14496-3 §1.6.2.1)
        audio_type = 32 + ((specific[0] & 0x07) << 3 | specific[1] >> 5)
    return f"mp4a.{object_type:x}.{audio_type}"


def _decoder_config(esds: bytes) -> tuple[int, bytes]:
    at = 4
    object_type = 0
    while at < len(esds):
        tag = esds[at]
        at, length = _descriptor_length(esds, at + 1)
        if tag == _DECODER_SPECIFIC_TAG:
            return object_type, esds[at : at + length]
        if tag == _DECODER_CONFIG_TAG:
            object_type = esds[at]
            at += 13
        else:
            # ES descriptor: id and flags, then its children.
            at += 3
    raise KeyError("DecoderSpecificInfo")


def _descriptor_length(data: bytes, at: int) -> tuple[int, int]:
    length = 0
    while True:
        byte = data[at]
        at += 1
        length = length << 7 | byte & 0x7F
        if not byte & 0x80:
            return at, length


def _opus(_init: Init) -> str:
    return "opus"


_READERS: dict[str, Callable[[Init], str]] = {
    "avc1": _avc,
    "avc3": _avc,
    "hvc1": _hevc,
    "hev1": _hevc,
    "av01": _av1,
    "vp09": _vp9,
    "mp4a": _aac,
    "Opus": _opus,
}
