"""What an append to a draft's file tells is safe, is."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.core.errors import StorageFull, StorageUnavailable
from pipeline.storage.directory import DirectoryStore
from tests.support.bodies import body
from tests.support.drafts import kept

MIB = 2**20


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path)


def test_nothing_is_told_before_it_was_flushed(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    flush = os.fdatasync

    def watched(descriptor: int) -> None:
        size_bytes = os.fstat(descriptor).st_size
        flush(descriptor)
        flushed.append(size_bytes)

    monkeypatch.setattr(os, "fdatasync", watched)
    draft = store.begin("a/x", length_bytes=None, epoch=1)
    told = []
    for draft in store.append(draft, body(200 * MIB), epoch=1):  # noqa: B020 - each is the next one's base
        assert any(size_bytes >= draft.size_bytes for size_bytes in flushed)
        told.append(draft.size_bytes)

    # Told on the way, not often, and all of it at the end.
    assert 3 <= len(told) <= 8
    assert told[-1] == 200 * MIB


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EIO, StorageUnavailable), (errno.ENOSPC, StorageFull)]
)
def test_a_flush_that_fails_tells_nothing(
    store: DirectoryStore,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    kind: type[Exception],
) -> None:
    def fails(_: int) -> None:
        raise OSError(number, "injected")

    draft = kept(store, store.begin("a/x", length_bytes=None, epoch=1), [b"safe"], epoch=1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fails)
        with pytest.raises(kind):
            kept(store, draft, body(40 * MIB), epoch=2)

    draft = kept(store, draft, [b"ly"], epoch=3)
    store.finish(draft)
    with store.open("a/x") as blocks:
        assert b"".join(blocks) == b"safely"


def test_a_draft_whose_bytes_are_gone_says_so(store: DirectoryStore, tmp_path: Path) -> None:
    draft = kept(store, store.begin("a/x", length_bytes=None, epoch=1), [b"safe"], epoch=1)
    os.truncate(tmp_path / ".drafts/a/x~1", 2)

    for work in (lambda: store.finish(draft), lambda: kept(store, draft, [], epoch=2)):
        with pytest.raises(StorageUnavailable) as caught:
            work()
        assert caught.value.instance_code == "storage.upload_lost"


def test_no_descriptor_stays_open(store: DirectoryStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise KeyError

    n_open = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    draft = kept(store, store.begin("a/x", length_bytes=None, epoch=1), [b"safe"], epoch=1)
    for epoch in range(2, 5):
        with pytest.raises(KeyError):
            kept(store, draft, broken(), epoch=epoch)
    store.finish(draft)

    assert len(os.listdir("/proc/self/fd")) == n_open  # noqa: PTH208
