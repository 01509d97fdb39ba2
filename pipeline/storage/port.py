"""What the pipeline asks of a place that keeps bytes.

Objects are immutable by our own rule: a key is written once (the epoch in it makes it
unique), so writers never need conditional puts. Every method raises ``StorageUnavailable``
when the store does not answer within its retries, ``StorageFull`` when it has no room.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol


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


@dataclass(frozen=True)
class Draft:
    """An object being written piece by piece: all that must be remembered of it.

    The caller keeps it, as JSON in a row of its own, say; the store reads it and makes the next.
    """

    #: Where the object will be visible when it is finished; no other draft may have this key.
    key: str
    #: How many bytes are safe: they outlive a crash of this process and of this box.
    size_bytes: int = 0
    #: The store's own notes, for JSON.
    state: Mapping[str, Any] = field(default_factory=dict)


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

    def begin(self, key: str, *, length_bytes: int | None, epoch: int) -> Draft:
        """Begin an object that comes in pieces; nothing is visible under the key before ``finish``.

        ``length_bytes`` is how long it will be, None where nobody knows yet. ``delete_prefix``
        of a prefix of the key removes all there is of it, whatever became of the draft.
        """

    def append(
        self, draft: Draft, blocks: Iterable[bytes], *, epoch: int, held: bool = False
    ) -> Iterator[Draft]:
        """Write the blocks behind the draft's bytes; yield it as it stands after each flush.

        A flush comes every few MiB or seconds and at the end, and what a yielded draft counts is
        safe. Asking for the next draft tells the store that the last one was kept. Whoever does
        not keep one closes the iterator there and then; the draft kept before still holds, and
        what was written behind its bytes is forgotten. Blocks need not be kept by the caller.

        With ``held`` nothing is yielded before the blocks have ended, for bodies that turn out
        at their end to be right or wrong: the caller looks then and closes, or keeps each.

        ``epoch`` is the number of the caller's right to write, growing with each grant. A writer
        that lost its right, and does not know it yet, harms nothing a newer one wrote.

        Raises:
            Locked: somebody is appending to the draft right now, and went on for seconds
                (``storage.draft_held``).
            LeaseLost: somebody with a newer epoch has written since.
            StorageUnavailable: with ``storage.upload_lost``, the draft's bytes are gone; also
                where somebody with a newer epoch, as far as the caller knows, may have them.
            Whatever the blocks raise; the last kept draft holds then, too.
        """

    def finish(self, draft: Draft) -> StoredObject:
        """Make the draft's bytes visible under its key; repeating it is fine.

        Raises:
            StorageUnavailable: with ``storage.upload_lost``, the draft's bytes are gone.
        """

    def abandon(self, draft: Draft) -> None:
        """Drop all bytes of a draft that is not finished; repeating it is fine."""

    def concatenate(self, keys: Sequence[str], key: str) -> Iterator[int]:
        """Make one object of several in their order, in flat memory; they stay.

        Yields how many bytes are in, as a sign of life; the object is visible once the iterator
        has ended, and never if it was closed before.

        Raises:
            NotFound: one of the objects does not exist.
        """

    def local_path(self, key: str) -> Path | None:
        """Name the file that holds the object if it lies on this box for good, else None.

        Lets a worker read a source in place; the file must only be read.
        """

    def free_bytes(self) -> int | None:
        """Tell how much room is left, None where the store cannot say."""

    def check(self) -> None:
        """Raise unless the store can be written and read now."""
