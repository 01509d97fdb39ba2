"""What only the directory store promises: real files, no empty folders, names of its own."""

from pathlib import Path

import pytest

from pipeline.core.errors import InvalidRequest, NotFound
from pipeline.storage.directory import DirectoryStore


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
