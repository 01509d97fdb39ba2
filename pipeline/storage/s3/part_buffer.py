"""Where a part is collected before it goes up."""

import mmap
import os
import tempfile

from pipeline.core.errors import StorageFull

#: Larger parts, which only bodies beyond 100 GB need, wait on this box's disk.
_MEMORY_BYTES = 16 * 2**20


class PartBuffer:
    """Room for one part, filled block by block; takes memory only for what was filled."""

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self.n_bytes = 0
        self._map = _mapped(size_bytes)

    @property
    def is_full(self) -> bool:
        """Whether no byte fits any more."""
        return self.n_bytes == self._size_bytes

    def take(self, block: memoryview) -> memoryview:
        """Copy what fits; return the rest of the block."""
        n_taken = min(len(block), self._size_bytes - self.n_bytes)
        self._map[self.n_bytes : self.n_bytes + n_taken] = block[:n_taken]
        self.n_bytes += n_taken
        return block[n_taken:]

    def view(self) -> memoryview:
        """Show what was filled in."""
        return memoryview(self._map)[: self.n_bytes]

    def clear(self) -> None:
        """Begin again."""
        self.n_bytes = 0


def _mapped(size_bytes: int) -> mmap.mmap:
    if size_bytes <= _MEMORY_BYTES:
        return mmap.mmap(-1, size_bytes)
    with tempfile.TemporaryFile() as file:
        try:
            # A full disk would otherwise end the process at the first write.
            os.posix_fallocate(file.fileno(), 0, size_bytes)
        except OSError as error:
            raise StorageFull(f"no room on this box for a part of {size_bytes} bytes") from error
        return mmap.mmap(file.fileno(), size_bytes)
