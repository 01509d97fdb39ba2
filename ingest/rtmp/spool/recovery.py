"""What a door that was killed left in its spool: cut to whole tags, and found again."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import structlog

from ingest.rtmp.spool.piece import Piece, named
from ingest.rtmp.spool.shelf import Shelf
from pipeline.core.flv.errors import ProtocolError
from pipeline.core.flv.tags import TagReader
from schemas.streams import SessionId

log = structlog.get_logger(__name__)

#: Small, because of a block with damage in it nothing counts.
_BLOCK_BYTES = 16 * 1024


def recover(root: Path) -> Iterator[tuple[SessionId, Shelf]]:
    """Find the sessions in a spool; pieces that were being written end with their last whole tag.

    Args:
        root: the spool's folder, which no other process uses.
    """
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    for folder in folders:
        pieces = [piece for path in folder.iterdir() if (piece := _recovered(path)) is not None]
        if pieces:
            yield SessionId(folder.name), Shelf(folder, pieces)
        else:
            with suppress(OSError):
                folder.rmdir()


def _recovered(path: Path) -> Piece | None:
    piece = named(path)
    if piece is None:
        log.warning("spool.foreign_file", folder=path.parent.name)
        return None
    if piece.until_ms is not None:
        return piece
    whole_bytes, last_ms = _measured(path)
    if last_ms is None or whole_bytes <= piece.head_bytes:
        path.unlink()
        return None
    with path.open("r+b") as file:
        file.truncate(whole_bytes)
    log.info("spool.recovered", folder=path.parent.name, lost_bytes=piece.size_bytes - whole_bytes)
    piece.size_bytes, piece.until_ms = whole_bytes, last_ms + 1
    path.rename(piece.path)
    return piece


def _measured(path: Path) -> tuple[int, int | None]:
    """Tell where the last whole tag ends, and the latest time."""
    reader = TagReader()
    last_ms: int | None = None
    with path.open("rb") as file, suppress(ProtocolError):
        # Behind a crash of the box there may be anything.
        while data := file.read(_BLOCK_BYTES):
            for tag in reader.receive_data(data):
                last_ms = max(last_ms or 0, tag.timestamp_ms)
    return reader.whole_bytes, last_ms
