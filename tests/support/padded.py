"""Films of any size that are made while they are read: a real clip, and bytes players skip."""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random

from tests.support.lavfi import clip

BLOCK_BYTES = 64 * 1024
_BASE_BYTES = 1024 * 1024
_BOX_BYTES = 16


@dataclass(frozen=True)
class PaddedFilm:
    """A clip, and a ``free`` box behind it whose bytes follow from the seed; never on disk."""

    clip: bytes
    size_bytes: int
    seed: int = 0

    @cached_property
    def _base(self) -> bytes:
        return Random(self.seed).randbytes(_BASE_BYTES + BLOCK_BYTES)

    @cached_property
    def _start(self) -> bytes:
        left_bytes = self.size_bytes - len(self.clip)
        assert left_bytes >= _BOX_BYTES, f"{self.size_bytes} bytes are less than the clip alone"
        return self.clip + struct.pack(">I4sQ", 1, b"free", left_bytes)

    def read(self, start_byte: int, end_byte: int) -> bytes:
        """Make the bytes of a range."""
        first, last = start_byte // BLOCK_BYTES, (end_byte - 1) // BLOCK_BYTES
        made = b"".join(self._block(index) for index in range(first, last + 1))
        return made[start_byte - first * BLOCK_BYTES : end_byte - first * BLOCK_BYTES]

    def blocks(self, start_byte: int = 0, end_byte: int | None = None) -> Iterator[bytes]:
        """Make them bit by bit."""
        end_byte = self.size_bytes if end_byte is None else end_byte
        while start_byte < end_byte:
            until_byte = min(end_byte, start_byte + 4 * BLOCK_BYTES)
            yield self.read(start_byte, until_byte)
            start_byte = until_byte

    @cached_property
    def sha256(self) -> str:
        """What whoever received them must have."""
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()

    def write(self, path: Path) -> Path:
        """Make a file of it, for clients that want one."""
        with path.open("wb") as file:
            file.writelines(self.blocks())
        return path

    def _block(self, index: int) -> bytes:
        # No two blocks are alike, so that one in the wrong place is noticed.
        at = index * 4099 % _BASE_BYTES
        block = struct.pack(">Q", index) + self._base[at : at + BLOCK_BYTES - 8]
        start_byte = index * BLOCK_BYTES
        if start_byte < len(self._start):
            head = self._start[start_byte : start_byte + BLOCK_BYTES]
            block = head + block[len(head) :]
        return block


def small_clip(folder: Path) -> bytes:
    """Make the clip: one second of pictures."""
    return clip(folder / "clip.mp4", seconds=1, size="160x90").read_bytes()
