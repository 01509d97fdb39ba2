"""A session's FLV from the spool: what lies here from a keyframe on, then what comes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.rtmp.prelude import Prelude
from ingest.rtmp.spool.piece import Piece
from ingest.rtmp.spool.shelf import Shelf
from pipeline.core.flv import tags
from pipeline.core.flv.errors import ProtocolError

BLOCK_BYTES = 256 * 1024
#: How often it is looked whether the reader is still wanted.
LOOK_S = 1.0


@dataclass(frozen=True)
class _Begin:
    piece: Piece
    #: Where the first tag lies in its file.
    at: int
    #: What goes before it.
    head: bytes


def tail(shelf: Shelf, from_ms: int, is_wanted: Callable[[], bool]) -> Iterator[bytes]:
    """Yield one FLV, as long as the shelf gets more.

    It begins with the last keyframe at or before ``from_ms``, or with the first there is.
    Times are the session's. Headers that change appear in their place.

    Args:
        shelf: what is read.
        from_ms: on the session's clock.
        is_wanted: asked again and again; it ends where not.
    """
    begin = None
    while begin is None:
        begin = _begin(shelf, from_ms)
        if begin is None:
            if shelf.is_over or not is_wanted():
                return
            shelf.wait(shelf.n_changes, LOOK_S)
            yield b""
    yield begin.head
    piece: Piece | None = begin.piece
    at = begin.at
    while piece is not None:
        yield from _body(shelf, piece, at, is_wanted)
        piece = _next(shelf, piece, is_wanted)
        at = piece.head_bytes if piece is not None else 0


def _begin(shelf: Shelf, from_ms: int) -> _Begin | None:
    pieces = [piece for piece in shelf.pieces() if piece.size_bytes > piece.head_bytes]
    if not pieces:
        return None
    before = [piece for piece in pieces if piece.from_ms <= from_ms]
    piece = before[-1] if before else pieces[0]
    file = shelf.open(piece)
    if file is None:
        return None
    with file:
        return _within(piece, file.read(piece.size_bytes), from_ms)


def _within(piece: Piece, data: bytes, from_ms: int) -> _Begin:
    """Find the keyframe in a piece, and what is in force there."""
    reader, prelude, at = tags.TagReader(), Prelude(), tags.HEADER_BYTES
    begin = _Begin(piece, piece.head_bytes, data[: piece.head_bytes])
    try:
        found = reader.receive_data(data)
    except ProtocolError:
        return begin
    for tag in found:
        if tag.timestamp_ms > from_ms and at > piece.head_bytes:
            break
        prelude.note(tag.kind, tag.payload)
        if tags.is_keyframe(tag.kind, tag.payload):
            begin = _Begin(piece, at, prelude.head(tag.timestamp_ms))
        at += tags.OVERHEAD_BYTES + len(tag.payload)
    return begin


def _body(shelf: Shelf, piece: Piece, at: int, is_wanted: Callable[[], bool]) -> Iterator[bytes]:
    """Yield a piece to its end, waiting while it grows."""
    file = shelf.open(piece)
    if file is None:
        return
    with file:
        file.seek(at)
        while is_wanted():
            n_changes = shelf.n_changes
            is_finished, size_bytes = piece.until_ms is not None, piece.size_bytes
            if at < size_bytes:
                block = file.read(min(BLOCK_BYTES, size_bytes - at))
                at += len(block)
                yield block
            elif is_finished or shelf.is_over:
                return
            else:
                shelf.wait(n_changes, LOOK_S)


def _next(shelf: Shelf, piece: Piece, is_wanted: Callable[[], bool]) -> Piece | None:
    """Wait for the piece behind one; None where there will be none."""
    while is_wanted():
        n_changes, is_over = shelf.n_changes, shelf.is_over
        found = shelf.after(piece)
        if found is not None or is_over:
            return found
        shelf.wait(n_changes, LOOK_S)
    return None
