"""Opens a source for probing: looks at its bytes before any demuxer does."""

import os
import struct
from pathlib import Path
from typing import BinaryIO

from pipeline.core import locks
from pipeline.core.sniff import HEAD_BYTES, sniff
from workers.bench import Bench
from workers.ffmpeg.probe import Prober

#: No index of an MP4 within our limits is larger.
_MOST_MOOV_BYTES = 64 * 2**20
#: Boxes looked at on the way to the index; a fragmented file has many behind it.
_MOST_BOXES = 10_000


def opened(bench: Bench, source: Path) -> Prober:
    """Choose how to open a source, and refuse what is no media or is locked.

    Raises:
        NotMedia: its first bytes say so.
        MediaUnsupported: it is encrypted or protected.
    """
    tools = bench.tools
    with source.open("rb") as file:
        head = file.read(locks.HEAD_BYTES)
        demuxer = sniff(head[:HEAD_BYTES])
        locks.check_head(head, demuxer)
        if demuxer == "mov":
            locks.check_movie(_moov(file))
    return Prober(
        ffmpeg=tools.ffmpeg,
        ffprobe=tools.ffprobe,
        source=source,
        demuxer=demuxer,
        scratch=bench.scratch,
        stop=bench.stop,
        stall_s=tools.stall_s,
        threads=tools.threads,
        max_pixels=tools.max_source_pixels,
        max_streams=tools.max_source_streams,
    )


def _moov(file: BinaryIO) -> bytes:
    """Find the index of an MP4; empty where there is none, or one that makes no sense."""
    end, at = file.seek(0, os.SEEK_END), 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:  # noqa: PLR2004  a size and a name
            break
        size, name = struct.unpack_from(">I4s", header)
        if size == 1 and len(header) == 16:  # noqa: PLR2004  a long size behind them
            (size,) = struct.unpack_from(">Q", header, 8)
        if name == b"moov":
            file.seek(at + 8)
            return file.read(min(size or end, _MOST_MOOV_BYTES))
        if size < 8:  # noqa: PLR2004  zero: to the end of the file; less: nonsense
            break
        at += size
    return b""
