"""A13: a disk that runs full for real. Told as what it is, nothing stays, and it passes."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import httpx
import pytest

from pipeline.core.errors import ScratchFull, StorageFull
from pipeline.storage.directory import DirectoryStore
from tests.support.bodies import body, whole
from tests.support.distant import DistantStore
from tests.support.drafts import kept
from tests.support.served import serving
from tests.support.small_disk import small_disk
from tests.support.tus import Tus
from workers.scratch.cache import SourceCache
from workers.scratch.folder import ScratchRoot

MIB = 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 8 * MIB) as disk:
        yield disk


def test_a_full_store_says_so_keeps_nothing_and_recovers(disk: Path) -> None:
    store = DirectoryStore(disk)
    store.put_stream("assets/a/source", body(5 * MIB), limit_bytes=5 * MIB)

    for _ in range(3):
        with pytest.raises(StorageFull):
            store.put_stream("assets/b/source", body(5 * MIB), limit_bytes=5 * MIB)
    assert [item.key for item in store.list("")] == ["assets/a/source"]
    assert list((disk / ".incoming").iterdir()) == []

    store.delete_prefix("assets/a/")
    store.put_stream("assets/b/source", body(5 * MIB), limit_bytes=5 * MIB)
    with store.open("assets/b/source") as blocks:
        assert b"".join(blocks) == whole(5 * MIB)


def test_a_draft_without_room_keeps_what_it_had_and_goes_on(disk: Path) -> None:
    store = DirectoryStore(disk)
    store.put_stream("assets/a/source", body(2 * MIB), limit_bytes=2 * MIB)
    draft = store.begin("assets/b/source", length_bytes=7 * MIB, epoch=1)
    draft = kept(store, draft, [whole(7 * MIB)[: 3 * MIB]], epoch=1)

    for epoch in range(2, 4):
        with pytest.raises(StorageFull):
            kept(store, draft, [whole(7 * MIB)[3 * MIB :]], epoch=epoch)
        # The room is there again, for whoever has to write that down.
        assert (store.free_bytes() or 0) > 2 * MIB

    store.delete_prefix("assets/a/")
    draft = kept(store, draft, [whole(7 * MIB)[3 * MIB :]], epoch=4)
    store.finish(draft)
    with store.open("assets/b/source") as blocks:
        assert b"".join(blocks) == whole(7 * MIB)


def test_a_local_copy_without_room_is_the_boxes_fault_not_the_stores(
    disk: Path, tmp_path: Path
) -> None:
    store = DirectoryStore(tmp_path / "objects")
    store.put_stream("x", body(9 * MIB), limit_bytes=9 * MIB)

    with pytest.raises(ScratchFull):
        store.fetch("x", disk / "copy")

    assert list(disk.iterdir()) == []


def test_the_cache_makes_room_on_a_small_disk(disk: Path, tmp_path: Path) -> None:
    store = DistantStore(tmp_path / "objects")
    cache = SourceCache(disk / "cache", 2**40, store)
    a, b, c = (store.keep(name, name.encode() * 3 * MIB) for name in "abc")

    for ref in (a, b, c):
        with cache.hold(ref, Event()) as path:
            assert path.stat().st_size == 3 * MIB

    assert cache.held() == (c.sha256, b.sha256)


def test_the_cache_says_when_all_room_is_in_use(disk: Path, tmp_path: Path) -> None:
    store = DistantStore(tmp_path / "objects")
    cache = SourceCache(disk / "cache", 2**40, store)
    a, b = (store.keep(name, name.encode() * 5 * MIB) for name in "ab")

    with (
        cache.hold(a, Event()) as held,
        pytest.raises(ScratchFull),
        cache.hold(b, Event()),
    ):
        pass
    assert held.exists()

    with cache.hold(b, Event()):
        pass


def test_reservations_see_the_real_disk(disk: Path) -> None:
    scratch = ScratchRoot(disk / "scratch", 2**40)

    with scratch.reserve(5 * MIB):
        with pytest.raises(ScratchFull), scratch.reserve(5 * MIB):
            pass
        (disk / "other").write_bytes(bytes(2 * MIB))
        assert scratch.free_bytes() < 2 * MIB
    (disk / "other").unlink()
    with scratch.reserve(7 * MIB):
        pass


def test_an_upload_without_room_is_refused_before_its_bytes(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "small", 24 * MIB) as disk,
        serving(disk / "data", storage_floor_bytes=4 * MIB) as served,
        httpx.Client(trust_env=False) as http,
    ):
        tus = Tus(served.url, {}, http)
        first = tus.create(12 * MIB)
        refused = tus.ask("POST", Upload_Length=str(9 * MIB))
        tus.ask("DELETE", first)
        again = tus.ask("POST", Upload_Length=str(9 * MIB))

    assert (refused.status_code, refused.json()["code"]) == (507, "upload.no_room")
    assert again.status_code == 201


def test_a_disk_that_runs_full_under_an_upload_keeps_what_came(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "small", 24 * MIB) as disk,
        serving(disk / "data", storage_floor_bytes=0) as served,
        httpx.Client(trust_env=False) as http,
    ):
        tus = Tus(served.url, {}, http)
        at = tus.create(12 * MIB)
        tus.send(at, 0, whole(12 * MIB)[: 2 * MIB])
        free_bytes = served.pipeline.storage.free_bytes() or 0
        hog = disk / "hog"
        hog.write_bytes(bytes(free_bytes - 5 * MIB))

        full = tus.send(at, 2 * MIB, whole(12 * MIB)[2 * MIB :])
        offset_bytes = tus.offset(at)
        hog.unlink()
        rest = tus.send(at, offset_bytes, whole(12 * MIB)[offset_bytes:])

    assert (full.status_code, full.json()["code"]) == (507, "storage.full")
    assert offset_bytes >= 2 * MIB
    assert rest.status_code == 204
