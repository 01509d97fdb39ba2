"""The port of storage, exercised on every adapter: the same promises from both."""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.core.errors import InvalidRequest, NotFound, TooLarge
from pipeline.storage.directory import DirectoryStore
from pipeline.storage.port import ObjectStore
from tests.support.bodies import body, growth_of_memory_bytes, whole

MIB = 2**20
ODD_KEYS = (
    "plain",
    "a space and+plus",
    "percent %2e%2e %zz",
    "umlaut-ä/日本語/😀",
    "quote'\"<&>/semi;colon,comma",
    "...dots/..trailing../x",
    "star*question?hash#",
    "a/" * 20 + "deep",
)
BAD_KEYS = (
    "",
    "/absolute",
    "trailing/",
    "../up",
    "a/../b",
    "a/./b",
    "a//b",
    "nul\0",
    "new\nline",
    "\x7f",
    "back\\slash",
    "lone-\udc80",
    "n" * 256,
    "/".join(["n" * 200] * 6),
)


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """Keys of this test alone: the S3 bucket is shared."""
    return f"{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]}/"


def _keys(store: ObjectStore, prefix: str) -> list[str]:
    return sorted(item.key for item in store.list(prefix))


def _broken(blocks: Iterable[bytes], error: Exception) -> Iterator[bytes]:
    yield from blocks
    raise error


@pytest.mark.parametrize("size", [0, 1, 300_000, 6 * MIB, 8 * MIB, 20 * MIB])
def test_a_stream_comes_back_byte_for_byte(store: ObjectStore, prefix: str, size: int) -> None:
    written = store.put_stream(f"{prefix}x", body(size), limit_bytes=size)

    with store.open(f"{prefix}x") as blocks:
        found = list(blocks)
    assert b"".join(found) == whole(size)
    assert all(0 < len(block) <= 256 * 1024 for block in found)
    assert written.size_bytes == size
    assert written.sha256 == hashlib.sha256(whole(size)).hexdigest()
    assert store.stat(f"{prefix}x").size_bytes == size


@pytest.mark.parametrize("size", [0, 5, 9 * MIB])
def test_a_file_goes_in_and_comes_out(
    store: ObjectStore, prefix: str, tmp_path: Path, size: int
) -> None:
    (tmp_path / "in").write_bytes(whole(size))

    store.put_file(f"{prefix}x", tmp_path / "in", content_type="video/mp4")

    assert store.fetch(f"{prefix}x", tmp_path / "out") == size
    assert (tmp_path / "out").read_bytes() == whole(size)


def test_a_small_object_goes_in_whole(store: ObjectStore, prefix: str) -> None:
    store.put_bytes(f"{prefix}x", b"#EXTM3U\n", content_type="application/vnd.apple.mpegurl")

    with store.open(f"{prefix}x") as blocks:
        assert b"".join(blocks) == b"#EXTM3U\n"


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, None), (0, 0), (0, 1), (5, 0), (7, 300_000), (999_999, 1), (999_999, 50), (500_000, None)],
)
def test_a_range_is_that_range(
    store: ObjectStore, prefix: str, start: int, length: int | None
) -> None:
    store.put_bytes(f"{prefix}x", whole(1_000_000), content_type="video/mp4")

    with store.open(f"{prefix}x", start=start, length=length) as blocks:
        found = b"".join(blocks)

    end = None if length is None else start + length
    assert found == whole(1_000_000)[start:end]


@pytest.mark.parametrize(("size", "start"), [(0, 0), (0, 1), (10, 10), (10, 11)])
def test_a_range_past_the_end_is_empty(
    store: ObjectStore, prefix: str, size: int, start: int
) -> None:
    store.put_bytes(f"{prefix}x", whole(size), content_type="video/mp4")

    with store.open(f"{prefix}x", start=start) as blocks:
        assert list(blocks) == []


def test_a_reader_may_stop_early(store: ObjectStore, prefix: str) -> None:
    store.put_bytes(f"{prefix}x", whole(2 * MIB), content_type="video/mp4")

    for _ in range(5):
        with store.open(f"{prefix}x") as blocks:
            assert next(blocks)


def test_what_is_missing_is_not_found(store: ObjectStore, prefix: str, tmp_path: Path) -> None:
    store.put_bytes(f"{prefix}folder/x", b"x", content_type="text/plain")

    for key in (f"{prefix}missing", f"{prefix}folder"):
        with pytest.raises(NotFound):
            store.stat(key)
        with pytest.raises(NotFound), store.open(key):
            pass
        with pytest.raises(NotFound), store.open(key, length=0):
            pass
        with pytest.raises(NotFound):
            store.fetch(key, tmp_path / "out")
        assert store.local_path(key) is None
    assert list(tmp_path.glob("out*")) == []


def test_a_body_over_the_limit_leaves_nothing(store: ObjectStore, prefix: str) -> None:
    for size in (11, 9 * MIB):
        with pytest.raises(TooLarge):
            store.put_stream(f"{prefix}x", body(size), limit_bytes=size - 1)

    assert _keys(store, prefix) == []
    with pytest.raises(NotFound):
        store.stat(f"{prefix}x")


@pytest.mark.parametrize("size", [0, 11, 20 * MIB])
@pytest.mark.parametrize("error", [ConnectionResetError("client left"), KeyError("bug")])
def test_a_failing_source_passes_through_and_leaves_nothing(
    store: ObjectStore, prefix: str, size: int, error: Exception
) -> None:
    n_threads = threading.active_count()

    with pytest.raises(type(error)) as caught:
        store.put_stream(f"{prefix}x", _broken(body(size), error), limit_bytes=2 * size + 1)

    assert caught.value is error
    assert _keys(store, prefix) == []
    assert threading.active_count() == n_threads


def test_a_failing_overwrite_keeps_the_old(store: ObjectStore, prefix: str) -> None:
    store.put_bytes(f"{prefix}x", b"old", content_type="text/plain")

    with pytest.raises(TooLarge):
        store.put_stream(f"{prefix}x", body(20 * MIB), limit_bytes=19 * MIB)

    with store.open(f"{prefix}x") as blocks:
        assert b"".join(blocks) == b"old"


@pytest.mark.parametrize("size", [4 * MIB, 20 * MIB])
def test_nothing_is_visible_before_the_end(store: ObjectStore, prefix: str, size: int) -> None:
    seen: list[list[str]] = []

    def watched() -> Iterator[bytes]:
        for n, block in enumerate(body(size)):
            if n % 32 == 31:
                seen.append(_keys(store, prefix))
            yield block

    store.put_stream(f"{prefix}x", watched(), limit_bytes=size)

    assert seen
    assert not any(seen)
    assert _keys(store, prefix) == [f"{prefix}x"]


def test_the_etag_tells_contents_apart_and_stays(store: ObjectStore, prefix: str) -> None:
    store.put_bytes(f"{prefix}x", b"one", content_type="text/plain")
    first = store.stat(f"{prefix}x")
    again = store.stat(f"{prefix}x")
    store.put_bytes(f"{prefix}x", b"two", content_type="text/plain")
    second = store.stat(f"{prefix}x")

    assert first == again
    assert first.etag != second.etag
    assert '"' not in first.etag
    assert first.modified_at.tzinfo is not None


def test_a_prefix_lists_only_what_starts_with_it(store: ObjectStore, prefix: str) -> None:
    for name in ("a/1", "a/2", "ab/3", "b/a/4"):
        store.put_bytes(prefix + name, b"x", content_type="text/plain")

    assert _keys(store, f"{prefix}a/") == [f"{prefix}a/1", f"{prefix}a/2"]
    assert _keys(store, f"{prefix}a") == [f"{prefix}a/1", f"{prefix}a/2", f"{prefix}ab/3"]
    assert len(_keys(store, prefix)) == 4
    assert _keys(store, f"{prefix}missing/") == []
    assert {item.size_bytes for item in store.list(prefix)} == {1}


def test_a_long_list_is_whole(store: ObjectStore, prefix: str) -> None:
    names = [f"{prefix}{n:04}" for n in range(1_050)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put_bytes(key, b"", content_type="text/plain"), names))

    assert _keys(store, prefix) == names
    assert store.delete_prefix(prefix) == 1_050
    assert _keys(store, prefix) == []


def test_deleting_a_prefix_spares_its_neighbours(store: ObjectStore, prefix: str) -> None:
    for name in ("a/1", "a/deep/2", "ab/3"):
        store.put_bytes(prefix + name, b"x", content_type="text/plain")

    assert store.delete_prefix(f"{prefix}a/") == 2
    assert store.delete_prefix(f"{prefix}a/") == 0
    assert _keys(store, prefix) == [f"{prefix}ab/3"]
    store.put_bytes(f"{prefix}a/1", b"y", content_type="text/plain")
    assert store.stat(f"{prefix}a/1").size_bytes == 1


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_are_plain_keys(store: ObjectStore, prefix: str, key: str) -> None:
    store.put_stream(prefix + key, [b"odd"], limit_bytes=3)

    with store.open(prefix + key) as blocks:
        assert b"".join(blocks) == b"odd"
    assert _keys(store, prefix) == [prefix + key]
    assert store.delete_prefix(prefix) == 1
    with pytest.raises(NotFound):
        store.stat(prefix + key)


@pytest.mark.parametrize("key", BAD_KEYS)
def test_keys_that_could_lead_elsewhere_are_refused(
    store: ObjectStore, tmp_path: Path, key: str
) -> None:
    with pytest.raises(InvalidRequest):
        store.put_stream(key, [b"x"], limit_bytes=1)
    with pytest.raises(InvalidRequest):
        store.put_bytes(key, b"x", content_type="text/plain")
    with pytest.raises(InvalidRequest):
        store.stat(key)
    with pytest.raises(InvalidRequest), store.open(key):
        pass
    with pytest.raises(InvalidRequest):
        store.fetch(key, tmp_path / "out")


@pytest.mark.parametrize("prefix", ["", "../", "a/../", "/", "a//", "a/\0"])
def test_prefixes_that_could_reach_elsewhere_are_not_deleted(
    store: ObjectStore, prefix: str
) -> None:
    with pytest.raises(InvalidRequest):
        store.delete_prefix(prefix)


def test_many_writers_do_not_mix(store: ObjectStore, prefix: str) -> None:
    def write(n: int) -> None:
        size = n * 700_001
        store.put_stream(f"{prefix}{n}", body(size), limit_bytes=size)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(16)))

    for n in range(16):
        with store.open(f"{prefix}{n}") as blocks:
            assert b"".join(blocks) == whole(n * 700_001)


def test_writers_of_one_key_leave_one_whole_object(store: ObjectStore, prefix: str) -> None:
    bodies = [bytes([n]) * 200_000 for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda data: store.put_stream(f"{prefix}x", [data], limit_bytes=MIB), bodies))

    with store.open(f"{prefix}x") as blocks:
        assert b"".join(blocks) in bodies


def test_memory_stays_flat(store: ObjectStore, prefix: str, tmp_path: Path) -> None:
    size = 200 * MIB if isinstance(store, DirectoryStore) else 64 * MIB

    def there_and_back() -> None:
        store.put_stream(f"{prefix}x", body(size), limit_bytes=size)
        assert store.fetch(f"{prefix}x", tmp_path / "out") == size

    assert growth_of_memory_bytes(there_and_back) < 40 * MIB
    store.delete_prefix(prefix)


def test_a_store_that_works_passes_its_check(store: ObjectStore) -> None:
    store.check()

    free_bytes = store.free_bytes()
    assert free_bytes is None or free_bytes > 0
