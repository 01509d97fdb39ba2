"""Whether a store does what the pipeline asks of one: a conformance test of a few seconds."""

import hashlib
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipeline.core.errors import NotFound, StorageUnavailable, TooLarge
from pipeline.storage.port import ObjectStore

_SMALL = b"reelmill doctor"
#: Large enough to go up in parts.
_BLOCK, _N_BLOCKS = b"0123456789abcdef" * 65536, 12


def try_storage(store: ObjectStore) -> int:
    """Try every operation below a prefix of its own, clean up, and count what was tried.

    Raises:
        StorageUnavailable: the store does not answer, or does something else than it says.
    """
    prefix = f"doctor/{secrets.token_hex(8)}/"
    attempts: list[Callable[[ObjectStore, str], None]] = [
        _small,
        _stat,
        _ranges,
        _large,
        _too_large,
        _pieces,
        _together,
        _fetch,
        _listing,
        _missing,
        _deletion,
    ]
    try:
        for attempt in attempts:
            attempt(store, prefix)
    finally:
        store.delete_prefix(prefix)
    return len(attempts)


def _expect(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise StorageUnavailable(
            f"The store answers, but {what}: {found!r} instead of {wanted!r}.",
            code="storage.not_conformant",
            remedy="This server cannot hold media; SeaweedFS is known to do it right.",
        )


def _read(store: ObjectStore, key: str, start: int = 0, length: int | None = None) -> bytes:
    with store.open(key, start=start, length=length) as blocks:
        return b"".join(blocks)


def _small(store: ObjectStore, prefix: str) -> None:
    store.put_bytes(f"{prefix}a/small", _SMALL, content_type="text/plain")
    _expect(_read(store, f"{prefix}a/small"), _SMALL, "a small object reads back differently")


def _stat(store: ObjectStore, prefix: str) -> None:
    _expect(store.stat(f"{prefix}a/small").size_bytes, len(_SMALL), "a size is wrong")


def _ranges(store: ObjectStore, prefix: str) -> None:
    found = _read(store, f"{prefix}a/small", start=9, length=3)
    _expect(found, _SMALL[9:12], "a range is wrong")
    _expect(_read(store, f"{prefix}a/small", start=9), _SMALL[9:], "an open range is wrong")


def _large(store: ObjectStore, prefix: str) -> None:
    written = store.put_stream(
        f"{prefix}a/large", [_BLOCK] * _N_BLOCKS, limit_bytes=len(_BLOCK) * _N_BLOCKS
    )
    digest = hashlib.sha256(_BLOCK * _N_BLOCKS).hexdigest()
    _expect(written.sha256, digest, "a streamed object has another digest")
    size_bytes = store.stat(f"{prefix}a/large").size_bytes
    _expect(size_bytes, len(_BLOCK) * _N_BLOCKS, "a streamed object has another size")


def _too_large(store: ObjectStore, prefix: str) -> None:
    try:
        store.put_stream(f"{prefix}b/cut", [_BLOCK] * 2, limit_bytes=len(_BLOCK))
    except TooLarge:
        left = [found.key for found in store.list(f"{prefix}b/")]
        _expect(left, [], "a refused object stayed")
    else:
        _expect("accepted", "refused", "a limit was passed over")


def _pieces(store: ObjectStore, prefix: str) -> None:
    draft = store.begin(f"{prefix}c/pieces", length_bytes=None, epoch=1)
    for epoch in (1, 2):
        *_, draft = store.append(draft, [_BLOCK] * (_N_BLOCKS - 3), epoch=epoch)
    store.finish(draft)
    digest = hashlib.sha256(_read(store, f"{prefix}c/pieces")).hexdigest()
    wanted = hashlib.sha256(_BLOCK * (_N_BLOCKS - 3) * 2).hexdigest()
    _expect(digest, wanted, "an object sent in pieces has another digest")


def _together(store: ObjectStore, prefix: str) -> None:
    for _ in store.concatenate([f"{prefix}c/pieces", f"{prefix}a/large"], f"{prefix}c/both"):
        pass
    size_bytes = store.stat(f"{prefix}c/both").size_bytes
    wanted = len(_BLOCK) * ((_N_BLOCKS - 3) * 2 + _N_BLOCKS)
    _expect(size_bytes, wanted, "two objects put together have another size")


def _fetch(store: ObjectStore, prefix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large"
        store.fetch(f"{prefix}a/large", path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        store.put_file(f"{prefix}a/again", path, content_type="video/mp4")
    wanted = hashlib.sha256(_BLOCK * _N_BLOCKS).hexdigest()
    _expect(digest, wanted, "a fetched object has another digest")


def _listing(store: ObjectStore, prefix: str) -> None:
    found = sorted(entry.key.removeprefix(prefix) for entry in store.list(f"{prefix}a/"))
    _expect(found, ["a/again", "a/large", "a/small"], "a listing is wrong")


def _missing(store: ObjectStore, prefix: str) -> None:
    try:
        store.stat(f"{prefix}none")
    except NotFound:
        return
    _expect("found", "not found", "an object is there that nobody wrote")


def _deletion(store: ObjectStore, prefix: str) -> None:
    store.delete_prefix(prefix)
    _expect(list(store.list(prefix)), [], "deleted objects are still listed")
