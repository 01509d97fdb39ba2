"""Write fragmented MP4 of frames that are coded already: one track, one file each.

What a publisher sends as H.264 or AAC is passed on by this, with not a bit of it changed and no
program in between. ``fmp4`` reads it back.

Source: ISO/IEC 14496-12 §8 (boxes, fragments), 14496-15 §5 (avc1), 14496-14 §5 (mp4a, esds).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

_MATRIX = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_DPI_72 = 0x00480000
#: Undetermined, in three letters of five bits.
_UND = 0x55C4
_IS_SYNC, _IS_NOT_SYNC = 0x02000000, 0x01010000
#: tfhd: offsets count from the moof. trun: offset, then duration, size, flags and shift of each.
_FROM_MOOF, _ALL_GIVEN = 0x020000, 0x000F01
_OBJECT_AAC, _STREAM_AUDIO = 0x40, 0x15


@dataclass(frozen=True, slots=True)
class Frame:
    """One coded frame, its times in ticks of the track."""

    duration_ticks: int
    #: How much later than decoded it is shown.
    shift_ticks: int
    is_sync: bool
    data: bytes


def avc_init(record: bytes, size_px: tuple[int, int], timescale: int) -> bytes:
    """Write the init segment of H.264; the record is an AVCDecoderConfigurationRecord."""
    width_px, height_px = size_px
    entry = (
        bytes(6)
        + struct.pack(">H16xHHIIIH", 1, width_px, height_px, _DPI_72, _DPI_72, 0, 1)
        + bytes(32)
        + struct.pack(">Hh", 0x18, -1)
        + _box(b"avcC", record)
    )
    handler = (b"vide", _full(b"vmhd", 1, bytes(8)))
    return _init(_box(b"avc1", entry), handler, size_px, timescale)


def aac_init(config: bytes, n_channels: int, sample_rate_hz: int) -> bytes:
    """Write the init segment of AAC; ticks are samples, the config an AudioSpecificConfig."""
    specific = _descriptor(0x05, config)
    stream = struct.pack(">BBxxxII", _OBJECT_AAC, _STREAM_AUDIO, 0, 0)
    described = _descriptor(0x04, stream + specific) + _descriptor(0x06, b"\x02")
    esds = _full(b"esds", 0, _descriptor(0x03, struct.pack(">HB", 0, 0) + described))
    entry = bytes(6) + struct.pack(">H8xHHI", 1, n_channels, 16, 0)
    entry += struct.pack(">I", (sample_rate_hz & 0xFFFF) << 16) + esds
    handler = (b"soun", _full(b"smhd", 0, bytes(4)))
    return _init(_box(b"mp4a", entry), handler, (0, 0), sample_rate_hz)


def fragment(number: int, start_ticks: int, frames: Sequence[Frame]) -> bytes:
    """Write one fragment: a ``moof`` and its ``mdat``.

    Args:
        number: of the fragment in its track, from 1.
        start_ticks: when the first frame is decoded.
        frames: in decoding order.
    """
    table = b"".join(
        struct.pack(
            ">IIIi",
            frame.duration_ticks,
            len(frame.data),
            _IS_SYNC if frame.is_sync else _IS_NOT_SYNC,
            frame.shift_ticks,
        )
        for frame in frames
    )
    head = _moof(number, start_ticks, len(frames), 0, table)
    # The data follow behind the head of mdat.
    head = _moof(number, start_ticks, len(frames), len(head) + 8, table)
    return head + _box(b"mdat", b"".join(frame.data for frame in frames))


def _moof(number: int, start_ticks: int, n_frames: int, offset: int, table: bytes) -> bytes:
    run = struct.pack(">Ii", n_frames, offset) + table
    track = (
        _full(b"tfhd", _FROM_MOOF, struct.pack(">I", 1))
        + _full(b"tfdt", 0, struct.pack(">Q", start_ticks), version=1)
        + _full(b"trun", _ALL_GIVEN, run, version=1)
    )
    return _box(b"moof", _full(b"mfhd", 0, struct.pack(">I", number)) + _box(b"traf", track))


def _init(
    entry: bytes, handler: tuple[bytes, bytes], size_px: tuple[int, int], timescale: int
) -> bytes:
    kind, media_head = handler
    is_sound = kind == b"soun"
    table = b"".join(
        (
            _full(b"stsd", 0, struct.pack(">I", 1) + entry),
            _full(b"stts", 0, bytes(4)),
            _full(b"stsc", 0, bytes(4)),
            _full(b"stsz", 0, bytes(8)),
            _full(b"stco", 0, bytes(4)),
        )
    )
    here = _full(b"dref", 0, struct.pack(">I", 1) + _full(b"url ", 1, b""))
    info = media_head + _box(b"dinf", here) + _box(b"stbl", table)
    media = _full(b"mdhd", 0, struct.pack(">IIIIHH", 0, 0, timescale, 0, _UND, 0))
    media += _full(b"hdlr", 0, struct.pack(">I4s12x", 0, kind) + b"\0") + _box(b"minf", info)
    shown = struct.pack(">IIIII8xhhhxx", 0, 0, 1, 0, 0, 0, 0, 0x0100 if is_sound else 0)
    shown += _MATRIX + struct.pack(">II", size_px[0] << 16, size_px[1] << 16)
    track = _full(b"tkhd", 3, shown) + _box(b"mdia", media)
    whole = struct.pack(">IIIIIh10x", 0, 0, timescale, 0, 0x00010000, 0x0100)
    whole += _MATRIX + bytes(24) + struct.pack(">I", 2)
    extends = _box(b"mvex", _full(b"trex", 0, struct.pack(">IIIII", 1, 1, 0, 0, 0)))
    movie = _full(b"mvhd", 0, whole) + _box(b"trak", track) + extends
    return _box(b"ftyp", b"iso6\0\0\0\0iso6cmfcmp41") + _box(b"moov", movie)


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def _full(kind: bytes, flags: int, payload: bytes, *, version: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + payload)


def _descriptor(tag: int, payload: bytes) -> bytes:
    return bytes((tag, len(payload))) + payload
