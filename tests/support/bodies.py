"""Bodies for storage tests: made as they are read, never twice the same block."""

import hashlib
import tracemalloc
from collections.abc import Callable, Iterator

_BLOCK_BYTES = 128 * 1024


def body(size_bytes: int) -> Iterator[bytes]:
    """Make a body of that size in blocks."""
    for start in range(0, size_bytes, _BLOCK_BYTES):
        seed = hashlib.sha256(start.to_bytes(8)).digest()
        yield (seed * (_BLOCK_BYTES // len(seed)))[: size_bytes - start]


def whole(size_bytes: int) -> bytes:
    """Make the same body in one piece."""
    return b"".join(body(size_bytes))


def growth_of_memory_bytes(work: Callable[[], None]) -> int:
    """Run the work and tell the most that Python held at once for it."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
