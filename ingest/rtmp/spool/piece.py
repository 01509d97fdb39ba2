"""A piece of the spool as a file of this box, and what its name tells."""

import re
from dataclasses import dataclass
from pathlib import Path

#: ``EPOCH-NUMBER-FROM-HEAD.part`` while it grows, ``EPOCH-NUMBER-FROM-HEAD-UNTIL.flv`` after.
_NAME = re.compile(r"(\d{1,9})-(\d{5,9})-(\d{1,15})-(\d{1,9})(?:\.part|-(\d{1,15})\.flv)")


@dataclass
class Piece:
    """One file. Whoever changes it holds its shelf."""

    folder: Path
    epoch: int
    number: int
    #: On the session's clock, of its first tag.
    from_ms: int
    #: Header, metadata and sequence headers that were in force already; 0 where nothing was.
    head_bytes: int
    #: Behind the last whole tag that a reader may read.
    size_bytes: int = 0
    #: Time of the last tag + 1; None while it grows.
    until_ms: int | None = None
    #: It is in storage and known to be.
    is_noted: bool = False

    @property
    def path(self) -> Path:
        """Where it is now: finishing it renames it."""
        begin = f"{self.epoch}-{self.number:05d}-{self.from_ms}-{self.head_bytes}"
        end = ".part" if self.until_ms is None else f"-{self.until_ms}.flv"
        return self.folder / f"{begin}{end}"

    @property
    def order(self) -> tuple[int, int]:
        """Where it stands among the pieces of its session."""
        return self.epoch, self.number


def named(path: Path) -> Piece | None:
    """Read a name back; None where it is none of ours."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    epoch, number, from_ms, head_bytes, until_ms = found.groups()
    return Piece(
        path.parent,
        int(epoch),
        int(number),
        int(from_ms),
        int(head_bytes),
        path.stat().st_size,
        None if until_ms is None else int(until_ms),
    )
