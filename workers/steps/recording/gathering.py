"""Fetches the pieces of a spool and puts their tags together, a file for each part."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage

from pipeline.core.errors import NotMedia, ScratchFull, Stopped
from pipeline.core.flv.errors import ProtocolError
from pipeline.core.flv.tags import Tag, TagReader
from pipeline.core.recording.joining import Joining, written
from workers.bench import Bench, RecordBench

_BLOCK_BYTES = 2**20
#: All of it lies there twice, before and behind ffmpeg.
_COPIES = 2


@dataclass(frozen=True)
class Sent:
    """What was sent, each part an FLV in the scratch folder."""

    joining: Joining
    files: tuple[Path, ...]
    #: Some of what is in storage could not be read.
    is_damaged: bool = False


def gathered(bench: RecordBench) -> Sent:
    """Fetch all pieces that are in storage, in their order, and join them.

    Raises:
        NotMedia: there are none, or nothing in them can be decoded.
        ScratchFull: there is no room for hours of it here; whoever else works here keeps theirs.
    """
    needed_bytes = bench.recording.size_bytes() * _COPIES
    free_bytes = disk_usage(bench.scratch).free
    if needed_bytes > free_bytes:
        raise ScratchFull(f"{needed_bytes} bytes of scratch wanted, {free_bytes} free")
    pieces = []
    for number, key in enumerate(bench.recording.keys()):
        pieces.append(bench.scratch / f"piece-{number:06d}.flv")
        bench.fetch(key, pieces[-1])
    return joined(pieces, bench, stem="part")


def joined(pieces: Sequence[Path], bench: Bench, *, stem: str) -> Sent:
    """Join files and remove them: looked through first, for what each part begins with."""
    seen, is_damaged = Joining(), False
    for piece in pieces:
        reader = TagReader()
        for tag in _tags(piece, reader, bench):
            seen.place(tag)
        is_damaged |= reader.whole_bytes < piece.stat().st_size
    if not seen.parts[0].codecs:
        raise NotMedia("nothing of what was sent is in storage", code="media.empty")
    files = tuple(bench.scratch / f"{stem}-{number:03d}.flv" for number in range(len(seen.parts)))
    again = Joining()
    with ExitStack() as stack:
        newest, file = None, None
        for piece in pieces:
            for number, data in written(_tags(piece, TagReader(), bench), again):
                if file is None or number != newest:
                    # One at a time: a publisher may change its headers thousands of times.
                    stack.close()
                    newest, file = number, stack.enter_context(files[number].open("wb"))
                    file.write(seen.parts[number].head())
                file.write(data)
            piece.unlink()
    there = [number for number, part in enumerate(seen.parts) if part.codecs]
    seen.parts = [seen.parts[number] for number in there]
    return Sent(seen, tuple(files[number] for number in there), is_damaged)


def _tags(piece: Path, reader: TagReader, bench: Bench) -> Iterator[Tag]:
    with piece.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            if bench.stop.is_set():
                raise Stopped("asked to stop while reading what was sent")
            bench.report({"": 0.2})
            try:
                yield from reader.receive_data(block)
            except ProtocolError:
                # What lies behind damage has no beginning: the next piece has.
                return
