"""Read fragmented MP4: what a segment really holds, without decoding it.

Pure parsing of bytes, for the cheap check of every segment before it is published and for the
codecs string of playlists. Not a general demuxer: one track per file, as we write it.

Source: ISO/IEC 14496-12 §8 (boxes, fragments), §8.6.6 (edit lists).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

from pipeline.core.errors import OutputInvalid

_CONTAINERS = frozenset(
    (b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl", b"mvex", b"moof", b"traf")
)
#: Bytes before the child boxes of a sample entry, by handler.
_VIDEO_ENTRY_HEADER = 78
_AUDIO_ENTRY_HEADER = 28

_SAMPLE_IS_NON_SYNC = 0x10000


@dataclass(frozen=True)
class Box:
    """One box: its four-letter type and where its payload lies."""

    kind: bytes
    start: int
    end: int


@dataclass(frozen=True)
class Sample:
    """One coded frame, times in ticks of its track, the edit list applied."""

    decode_ticks: int
    present_ticks: int
    duration_ticks: int
    size_bytes: int
    is_sync: bool


@dataclass(frozen=True)
class Init:
    """An initialisation segment: the track's clock, size and how to open its decoder."""

    timescale: int
    width_px: int
    height_px: int
    #: Four letters of the sample entry, e.g. ``avc1``.
    entry: str
    #: Child boxes of the sample entry: type → payload.
    config: dict[str, bytes]
    #: Ticks the edit list takes off every presentation time.
    edit_ticks: int
    #: trex defaults: duration, size, flags.
    defaults: tuple[int, int, int]


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Walk the boxes of one level.

    Raises:
        OutputInvalid: a box reaches over the end, so the file is cut off.
    """
    stop = len(data) if end is None else end
    while start < stop:
        try:
            size, kind = unpack_from(">I4s", data, start)
            header = 8
            if size == 1:
                (size,) = unpack_from(">Q", data, start + 8)
                header = 16
        except struct.error as exc:
            raise OutputInvalid("A segment ends inside a box header.") from exc
        if size < header or start + size > stop:
            raise OutputInvalid(f"Box {kind!r} is cut off.")
        yield Box(kind, start + header, start + size)
        start += size


def find(data: bytes, *path: bytes) -> Box:
    """Find the first box at a path such as ``moov, trak, mdia``.

    Raises:
        OutputInvalid: it is not there.
    """
    start, end = 0, len(data)
    box = None
    for kind in path:
        box = next((each for each in boxes(data, start, end) if each.kind == kind), None)
        if box is None:
            raise OutputInvalid(f"Box {'/'.join(part.decode() for part in path)} is missing.")
        start, end = box.start, box.end
    if box is None:
        raise ValueError("an empty path names no box")
    return box


def read_init(data: bytes) -> Init:
    """Read an initialisation segment with one track.

    Raises:
        OutputInvalid: it is cut off or not one.
    """
    try:
        return _init(data)
    except struct.error as exc:
        raise OutputInvalid("The init segment is cut off inside a box.") from exc


def _init(data: bytes) -> Init:
    trak = (b"moov", b"trak")
    media = find(data, *trak, b"mdia", b"mdhd")
    is_long = data[media.start] == 1
    (timescale,) = unpack_from(">I", data, media.start + (20 if is_long else 12))
    width_px, height_px, entry, config = _sample_entry(data)
    trex = find(data, b"moov", b"mvex", b"trex")
    return Init(
        timescale=timescale,
        width_px=width_px,
        height_px=height_px,
        entry=entry,
        config=config,
        edit_ticks=_edit_ticks(data),
        defaults=unpack_from(">III", data, trex.start + 12),
    )


def _sample_entry(data: bytes) -> tuple[int, int, str, dict[str, bytes]]:
    table = find(data, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    entry = next(boxes(data, table.start + 8, table.end))
    handler = find(data, b"moov", b"trak", b"mdia", b"hdlr")
    is_video = data[handler.start + 8 : handler.start + 12] == b"vide"
    width_px, height_px = unpack_from(">HH", data, entry.start + 24) if is_video else (0, 0)
    skip = _VIDEO_ENTRY_HEADER if is_video else _AUDIO_ENTRY_HEADER
    config = {
        child.kind.decode("latin-1"): data[child.start : child.end]
        for child in boxes(data, entry.start + skip, entry.end)
    }
    return width_px, height_px, entry.kind.decode("latin-1"), config


def _edit_ticks(data: bytes) -> int:
    trak = find(data, b"moov", b"trak")
    for edts in boxes(data, trak.start, trak.end):
        if edts.kind == b"edts":
            elst = next(boxes(data, edts.start, edts.end))
            version, count = data[elst.start], unpack_from(">I", data, elst.start + 4)[0]
            if count != 1:
                raise OutputInvalid(f"The init segment has {count} edits where one is expected.")
            form, at = (">q", 16) if version == 1 else (">i", 12)
            return int(unpack_from(form, data, elst.start + at)[0])
    return 0


def read_samples(data: bytes, init: Init) -> tuple[Sample, ...]:
    """List the samples of one media segment in decode order.

    Raises:
        OutputInvalid: it is cut off or not one.
    """
    try:
        return tuple(_samples(data, init))
    except struct.error as exc:
        raise OutputInvalid("A segment is cut off inside a box.") from exc


def _samples(data: bytes, init: Init) -> Iterator[Sample]:
    n_coded_bytes = n_sample_bytes = 0
    for box in boxes(data):
        if box.kind == b"mdat":
            n_coded_bytes += box.end - box.start
        if box.kind == b"moof":
            for sample in _fragment(data, box, init):
                n_sample_bytes += sample.size_bytes
                yield sample
    if n_coded_bytes != n_sample_bytes:
        raise OutputInvalid(
            f"A segment holds {n_coded_bytes} bytes of samples, its index says {n_sample_bytes}."
        )


def _fragment(data: bytes, moof: Box, init: Init) -> Iterator[Sample]:
    defaults, ticks = init.defaults, 0
    for traf in boxes(data, moof.start, moof.end):
        if traf.kind != b"traf":
            continue
        for box in boxes(data, traf.start, traf.end):
            if box.kind == b"tfhd":
                defaults = _track_defaults(data, box, init.defaults)
            elif box.kind == b"tfdt":
                form = ">Q" if data[box.start] == 1 else ">I"
                (ticks,) = unpack_from(form, data, box.start + 4)
            elif box.kind == b"trun":
                for sample in _run(data, box, defaults, ticks, init.edit_ticks):
                    yield sample
                    ticks = sample.decode_ticks + init.edit_ticks + sample.duration_ticks


def _track_defaults(data: bytes, box: Box, trex: tuple[int, int, int]) -> tuple[int, int, int]:
    (flags,) = unpack_from(">I", data, box.start)
    at = box.start + 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
    values = list(trex)
    for place, bit in enumerate((0x8, 0x10, 0x20)):
        if flags & bit:
            (values[place],) = unpack_from(">I", data, at)
            at += 4
    return values[0], values[1], values[2]


def _run(
    data: bytes, box: Box, defaults: tuple[int, int, int], ticks: int, edit_ticks: int
) -> Iterator[Sample]:
    version_flags, count = unpack_from(">II", data, box.start)
    at = box.start + 8 + (4 if version_flags & 0x1 else 0)
    first_flags = None
    if version_flags & 0x4:
        (first_flags,) = unpack_from(">I", data, at)
        at += 4
    for number in range(count):
        duration, size, flags = defaults
        if number == 0 and first_flags is not None:
            flags = first_flags
        shift = 0
        if version_flags & 0x100:
            (duration,) = unpack_from(">I", data, at)
            at += 4
        if version_flags & 0x200:
            (size,) = unpack_from(">I", data, at)
            at += 4
        if version_flags & 0x400:
            (flags,) = unpack_from(">I", data, at)
            at += 4
        if version_flags & 0x800:
            (shift,) = unpack_from(">i" if version_flags >> 24 else ">I", data, at)
            at += 4
        decode = ticks - edit_ticks
        yield Sample(decode, decode + shift, duration, size, not flags & _SAMPLE_IS_NON_SYNC)
        ticks += duration
