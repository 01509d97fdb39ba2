"""What the pipeline asks of a place that keeps bytes.

Objects are immutable by our own rule: a key is written once (the epoch in it makes it
unique), so writers never need conditional puts. Every method raises ``StorageUnavailable``
when the store does not answer within its retries, ``StorageFull`` when it has no room.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class StoredObject:
    """Facts of an object."""

    key: str
    size_bytes: int
    #: Strong, opaque, without quotes.
    etag: str
    modified_at: datetime


@dataclass(frozen=True)
class Written:
    """What a streamed write came to."""

    size_bytes: int
    sha256: str


class ObjectStore(Protocol):
    """A flat space of keys (``/``-separated, no leading slash) with bytes behind them."""

    def put_stream(self, key: str, blocks: Iterable[bytes], *, limit_bytes: int) -> Written:
        """Write all blocks under the key, in flat memory, visible only when complete.

        Raises:
            TooLarge: more than ``limit_bytes`` came; nothing stays behind.
            Whatever the iterable raises; nothing stays behind then either.
        """

    def put_file(self, key: str, path: Path, *, content_type: str) -> None:
        """Write a local file under the key, visible only when complete."""

    def put_bytes(self, key: str, data: bytes, *, content_type: str) -> None:
        """Write a small object under the key, visible only when complete."""

    def stat(self, key: str) -> StoredObject:
        """Tell size and etag.

        Raises:
            NotFound: there is no such object.
        """

    def open(
        self, key: str, *, start: int = 0, length: int | None = None
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Read a range in blocks of at most 256 KiB.

        Raises:
            NotFound: there is no such object.
        """

    def fetch(self, key: str, path: Path) -> int:
        """Copy an object into a local file, whole or not at all; return its size in bytes.

        Raises:
            NotFound: there is no such object.
        """

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Walk the objects whose key starts with the prefix, in any order."""

    def delete_prefix(self, prefix: str) -> int:
        """Delete every object below the prefix and abort unfinished writes there.

        Deleting what is not there is fine. Returns how many objects went.
        """

    def local_path(self, key: str) -> Path | None:
        """Name the file that holds the object if it lies on this box for good, else None.

        Lets a worker read a source in place; the file must only be read.
        """

    def free_bytes(self) -> int | None:
        """Tell how much room is left, None where the store cannot say."""

    def check(self) -> None:
        """Raise unless the store can be written and read now."""
