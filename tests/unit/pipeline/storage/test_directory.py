"""What only the directory store promises: real files, no empty folders, names of its own."""

import errno
import os
from pathlib import Path

import pytest

from pipeline.core.errors import InvalidRequest, NotFound
from pipeline.storage.directory import DirectoryStore
from tests.support.drafts import kept


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "objects")


def _put(store: DirectoryStore, key: str) -> None:
    store.put_bytes(key, b"x", content_type="text/plain")


def _tree(tmp_path: Path) -> set[str]:
    root = tmp_path / "objects"
    return {path.relative_to(root).as_posix() for path in root.rglob("*")} - {".incoming"}


def test_an_object_is_a_file_to_read_in_place(store: DirectoryStore, tmp_path: Path) -> None:
    _put(store, "assets/a/source")

    assert store.local_path("assets/a/source") == tmp_path / "objects/assets/a/source"
    assert _tree(tmp_path) == {"assets", "assets/a", "assets/a/source"}


def test_the_etag_outlives_the_process(store: DirectoryStore, tmp_path: Path) -> None:
    _put(store, "a/x")

    assert DirectoryStore(tmp_path / "objects").stat("a/x") == store.stat("a/x")


def test_equal_bytes_written_again_get_another_etag(store: DirectoryStore) -> None:
    _put(store, "a/x")
    first = store.stat("a/x")
    _put(store, "a/x")

    assert store.stat("a/x").etag != first.etag


def test_deleting_takes_empty_folders_with_it(store: DirectoryStore, tmp_path: Path) -> None:
    for key in ("assets/a/t-1/720p/0", "assets/a/source", "assets/b/source"):
        _put(store, key)
    (tmp_path / "objects/assets/a/t-2/empty").mkdir(parents=True)

    assert store.delete_prefix("assets/a/t-") == 1
    assert _tree(tmp_path) == {
        "assets",
        "assets/a",
        "assets/a/source",
        "assets/b",
        "assets/b/source",
    }

    assert store.delete_prefix("assets/a/") == 1
    assert _tree(tmp_path) == {"assets", "assets/b", "assets/b/source"}

    assert store.delete_prefix("assets/b/") == 1
    assert _tree(tmp_path) == set()
    _put(store, "assets/c/source")


@pytest.mark.parametrize("key", [".incoming", ".incoming/x"])
def test_the_folder_of_unfinished_writes_is_out_of_reach(store: DirectoryStore, key: str) -> None:
    with pytest.raises(InvalidRequest):
        _put(store, key)
    with pytest.raises(InvalidRequest):
        store.stat(key)
    with pytest.raises(InvalidRequest):
        store.delete_prefix(f"{key}/")
    assert list(store.list(".incoming/")) == []
    assert list(store.list("")) == []
    _put(store, "x")


def test_a_key_below_another_objects_key_is_refused(store: DirectoryStore) -> None:
    _put(store, "a/x")

    with pytest.raises(InvalidRequest):
        _put(store, "a/x/y")
    with pytest.raises(InvalidRequest):
        _put(store, "a")
    with pytest.raises(NotFound):
        store.stat("a/x/y")
    assert [item.key for item in store.list("")] == ["a/x"]


def test_a_draft_lies_apart_and_leaves_no_folders(store: DirectoryStore, tmp_path: Path) -> None:
    draft = store.begin("assets/a/source", length_bytes=1, epoch=1)
    draft = kept(store, draft, [b"x"], epoch=3)
    assert ".drafts/assets/a/source~3" in _tree(tmp_path)
    assert list(store.list("")) == []

    store.finish(draft)

    assert _tree(tmp_path) == {".drafts", "assets", "assets/a", "assets/a/source"}


def test_deleting_a_prefix_takes_drafts_along_and_spares_neighbours(
    store: DirectoryStore, tmp_path: Path
) -> None:
    for key in ("assets/a/source", "assets/ab/source", "assets/a/parts/1"):
        kept(store, store.begin(key, length_bytes=1, epoch=1), [b"x"], epoch=1)

    assert store.delete_prefix("assets/a/") == 0

    assert {name for name in _tree(tmp_path) if "~" in name} == {".drafts/assets/ab/source~1"}


def test_the_drafts_are_the_stores_own(store: DirectoryStore) -> None:
    for key in (".drafts/x", ".drafts/assets/a/source~1"):
        with pytest.raises(InvalidRequest):
            store.stat(key)
    with pytest.raises(InvalidRequest):
        store.delete_prefix(".drafts/")


def test_file_systems_that_cannot_copy_are_helped(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> int:
        raise OSError(errno.EXDEV, "injected")

    monkeypatch.setattr(os, "copy_file_range", refuses)
    _put(store, "a/1")
    _put(store, "a/2")

    assert list(store.concatenate(["a/1", "a/2"], "a/3")) == [1, 2]

    with store.open("a/3") as blocks:
        assert b"".join(blocks) == b"xx"
