"""MPEG-2 film whose frames ask the player for pulldown: flags that no encoder at hand sets."""

from pathlib import Path

from tests.support.lavfi import make

_PICTURE_CODING, _EXTENSION = 8, b"\0\0\1\xb5"
#: Which field is first and whether it is shown again, frame by frame: 3, 2, 3, 2 fields.
_CADENCE = ((1, 1), (0, 0), (0, 1), (1, 0))
#: Ticks of a field at 60000/1001 in the clock that ffmpeg reads raw MPEG-2 with.
_FIELD_TICKS = 20_020


def soft_telecined(source: list[str], target: Path) -> Path:
    """Encode an input as film in soft pulldown; its own rate must be 30000/1001."""
    raw = target.with_suffix(".m2v")
    make(raw, *source, "-c:v", "mpeg2video", "-q:v", "2", "-bf", "0", "-g", "12", *_INTERLACED)
    raw.write_bytes(_flagged(raw.read_bytes()))
    # As many fields lie between two frames as the first of them is shown for.
    times = f"setts=ts={_FIELD_TICKS}*(5*N+mod(N\\,2))/2"
    opened = ("-framerate", "30000/1001", "-f", "mpegvideo", "-i", str(raw))
    return make(target, *opened, "-c", "copy", "-bsf:v", times)


#: A sequence in which frames may say for themselves what they are.
_INTERLACED = ("-flags", "+ilme+ildct")


def _flagged(data: bytes) -> bytes:
    """Set top_field_first, repeat_first_field, progressive_frame (ISO/IEC 13818-2 §6.2.3.1)."""
    found = bytearray(data)
    at, number = found.find(_EXTENSION), 0
    while at >= 0:
        if found[at + 4] >> 4 == _PICTURE_CODING:
            is_top_first, is_repeated = _CADENCE[number % len(_CADENCE)]
            found[at + 7] = found[at + 7] & 0x7D | is_top_first << 7 | is_repeated << 1
            found[at + 8] |= 0x80
            number += 1
        at = found.find(_EXTENSION, at + 4)
    return bytes(found)
