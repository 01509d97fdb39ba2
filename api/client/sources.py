"""What is uploaded: a file that can be read again, or a pipe that cannot."""

import os
from collections.abc import Iterator
from typing import BinaryIO, Protocol

_BLOCK_BYTES = 256 * 1024
#: One request brings no more: some proxies have a limit, and no body is without end.
FILE_PIECE_BYTES = 64 * 2**20
#: Held in memory until the server has it.
PIPE_PIECE_BYTES = 8 * 2**20


class Source(Protocol):
    """Bytes in order; what the server has is not asked for again."""

    #: None: nobody knows yet.
    length_bytes: int | None
    #: Found out only now, with the last piece; None before, and where it was known.
    late_length_bytes: int | None

    def piece(self, offset_bytes: int) -> int:
        """Get the next piece ready and tell its size; 0 at the end."""

    def blocks(self, offset_bytes: int, n_bytes: int) -> Iterator[bytes]:
        """Read bytes of that piece.

        Raises:
            OSError: it cannot be read, or is not what it was when it was opened.
        """


class FileSource:
    """A file; one that changes while it is sent is not sent to its end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._as_opened = self._stamp()
        self.length_bytes: int | None = self._as_opened[0]
        self.late_length_bytes: int | None = None

    def piece(self, offset_bytes: int) -> int:
        """Tell what is left, up to the most one request brings."""
        return min(FILE_PIECE_BYTES, self._as_opened[0] - offset_bytes)

    def blocks(self, offset_bytes: int, n_bytes: int) -> Iterator[bytes]:
        """Read from there."""
        self._file.seek(offset_bytes)
        while n_bytes > 0:
            block = self._file.read(min(_BLOCK_BYTES, n_bytes))
            n_bytes -= len(block)
            # Before the last of it is sent: with that byte the upload would be complete.
            if not block or (n_bytes == 0 and self._stamp() != self._as_opened):
                raise OSError("it changes while it is sent")
            yield block

    def _stamp(self) -> tuple[int, int]:
        found = os.fstat(self._file.fileno())
        return found.st_size, found.st_mtime_ns


class PipeSource:
    """A pipe: one piece at a time is kept, so that a lost connection loses nothing."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._kept = b""
        self._kept_at_byte = 0
        self._ahead = b""
        self.length_bytes: int | None = None
        self.late_length_bytes: int | None = None

    def piece(self, offset_bytes: int) -> int:
        """Read on when the server has all that was kept."""
        if offset_bytes == self._kept_at_byte + len(self._kept) and self.late_length_bytes is None:
            self._kept_at_byte = offset_bytes
            self._kept = self._ahead or self._read()
            # Whether this is the last piece has to be known when it is sent.
            self._ahead = self._read()
            if not self._ahead:
                self.late_length_bytes = offset_bytes + len(self._kept)
        return self._kept_at_byte + len(self._kept) - offset_bytes

    def blocks(self, offset_bytes: int, n_bytes: int) -> Iterator[bytes]:
        """Cut it from the piece that is kept."""
        start = offset_bytes - self._kept_at_byte
        if start < 0:
            raise OSError("the server wants bytes of the pipe that are gone")
        for at in range(start, start + n_bytes, _BLOCK_BYTES):
            yield self._kept[at : min(at + _BLOCK_BYTES, start + n_bytes)]

    def _read(self) -> bytes:
        return self._pipe.read(PIPE_PIECE_BYTES)


def as_text(name: str) -> str:
    """Make a file's name one that can be sent."""
    # Linux file names are bytes: those that are no UTF-8 come as text nobody can send.
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
