"""What every adapter checks about keys and bodies before it writes; pure, no I/O."""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator

from pipeline.core.errors import InvalidRequest, StorageUnavailable, TooLarge
from pipeline.storage.port import Written

#: Limits that every S3 server and every usual file system share.
_KEY_BYTES = 1024
_PART_BYTES = 255


def checked_key(key: str) -> str:
    """Return the key if it names one object and nothing outside the store.

    Raises:
        InvalidRequest: empty, absolute, ``.`` or ``..`` or nothing between slashes, control
            characters, backslashes, or longer than stores allow.
    """
    parts = key.split("/")
    if any(part in {"", ".", ".."} or not _is_plain(part, _PART_BYTES) for part in parts):
        raise _bad(key)
    if not _is_plain(key, _KEY_BYTES):
        raise _bad(key)
    return key


def checked_prefix(prefix: str) -> str:
    """Return the prefix if everything before its last slash could begin a key.

    Raises:
        InvalidRequest: as for a key; the part after the last slash may be empty.
    """
    folder, slash, fragment = prefix.rpartition("/")
    if slash:
        checked_key(folder)
    if fragment:
        checked_key(fragment)
    return prefix


def _is_plain(text: str, limit_bytes: int) -> bool:
    # Some servers read a backslash as a slash.
    if any(char == "\\" or unicodedata.category(char) == "Cc" for char in text):
        return False
    try:
        return len(text.encode()) <= limit_bytes
    except UnicodeEncodeError:
        return False


def _bad(key: str) -> InvalidRequest:
    return InvalidRequest(f"not a valid object key: {key[:100]!a}", code="storage.bad_key")


class Intake:
    """Blocks of a body on their way into a store: counted, limited, digested."""

    def __init__(self, blocks: Iterable[bytes], *, limit_bytes: int) -> None:
        self._blocks = blocks
        self._limit_bytes = limit_bytes
        self._digest = hashlib.sha256()
        self._size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        """Pass the blocks on; raises TooLarge before the limit is crossed."""
        for block in self._blocks:
            self._size_bytes += len(block)
            if self._size_bytes > self._limit_bytes:
                raise TooLarge(f"the body is larger than {self._limit_bytes} bytes")
            self._digest.update(block)
            yield block

    def written(self) -> Written:
        """Tell what has passed."""
        return Written(size_bytes=self._size_bytes, sha256=self._digest.hexdigest())


def lost(what: str) -> StorageUnavailable:
    """Say that bytes which were safe are not there; waiting brings none of them back."""
    return StorageUnavailable(f"{what} are gone", code="storage.upload_lost")
