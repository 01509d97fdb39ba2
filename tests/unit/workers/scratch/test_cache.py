"""The cache of sources: once per box, verified, bounded, never under a holder's feet."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier, Event

import pytest

from pipeline.core.errors import NotFound, ScratchFull, Stopped, StorageUnavailable
from pipeline.storage.directory import DirectoryStore
from tests.support.bodies import whole
from tests.support.distant import DistantStore
from workers.scratch.cache import SourceCache

SIZE = 600_000


@pytest.fixture
def store(tmp_path: Path) -> DistantStore:
    return DistantStore(tmp_path / "objects")


@pytest.fixture
def cache(tmp_path: Path, store: DistantStore) -> SourceCache:
    return SourceCache(tmp_path / "cache", 10 * SIZE, store)


def _left(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "cache").iterdir()} - {"room.lock"}


def test_a_source_is_fetched_once_and_kept(
    cache: SourceCache, store: DistantStore, tmp_path: Path
) -> None:
    ref = store.keep("a", whole(SIZE))

    for _ in range(3):
        with cache.hold(ref, Event()) as path:
            assert path.read_bytes() == whole(SIZE)

    assert store.n_opened == 1
    assert cache.held() == (ref.sha256,)
    assert _left(tmp_path) == {ref.sha256}


def test_a_source_on_this_box_is_read_in_place(tmp_path: Path) -> None:
    near = DirectoryStore(tmp_path / "objects")
    ref = DistantStore(tmp_path / "objects").keep("a", b"bytes")
    cache = SourceCache(tmp_path / "cache", SIZE, near)

    with cache.hold(ref, Event()) as path:
        assert path == near.local_path(ref.key)

    assert cache.held() == ()


def test_many_slots_and_processes_fetch_it_once(store: DistantStore, tmp_path: Path) -> None:
    ref = store.keep("a", whole(SIZE))
    # Every cache opens its own files, as a process would.
    caches = [SourceCache(tmp_path / "cache", 10 * SIZE, store) for _ in range(8)]
    together = Barrier(8)

    def hold(cache: SourceCache) -> bytes:
        together.wait()
        with cache.hold(ref, Event()) as path:
            return path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(hold, caches))

    assert found == [whole(SIZE)] * 8
    assert store.n_opened == 1


def test_other_bytes_than_promised_are_not_kept(
    cache: SourceCache, store: DistantStore, tmp_path: Path
) -> None:
    ref = store.keep("a", whole(SIZE))
    for wrong in (
        ref.model_copy(update={"sha256": "0" * 64}),
        ref.model_copy(update={"size_bytes": SIZE + 1}),
        ref.model_copy(update={"size_bytes": SIZE - 1}),
    ):
        with pytest.raises(StorageUnavailable) as caught, cache.hold(wrong, Event()):
            pass

        assert caught.value.instance_code == "storage.corrupt"
        assert caught.value.retryable
    assert _left(tmp_path) == set()


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "0" * 63, "A" * 64])
def test_a_digest_that_is_none_names_no_file(
    cache: SourceCache, store: DistantStore, digest: str
) -> None:
    ref = store.keep("a", b"x").model_copy(update={"sha256": digest})

    with pytest.raises(StorageUnavailable), cache.hold(ref, Event()):
        pass


def test_a_missing_source_is_not_found(
    cache: SourceCache, store: DistantStore, tmp_path: Path
) -> None:
    ref = store.keep("a", b"x")
    store.delete_prefix("assets/a/")

    with pytest.raises(NotFound), cache.hold(ref, Event()):
        pass

    assert _left(tmp_path) == set()


def test_a_stop_ends_the_fetch_and_leaves_nothing(
    cache: SourceCache, store: DistantStore, tmp_path: Path
) -> None:
    ref = store.keep("a", whole(SIZE))
    stop = Event()
    store.before_block = lambda n: stop.set() if n == 1 else None

    with pytest.raises(Stopped), cache.hold(ref, stop):
        pass

    assert _left(tmp_path) == set()
    store.before_block = lambda _: None
    with cache.hold(ref, Event()) as path:
        assert path.read_bytes() == whole(SIZE)


def test_who_waits_for_a_fetch_sees_it_move_and_can_stop(
    cache: SourceCache, store: DistantStore
) -> None:
    ref = store.keep("a", whole(SIZE))
    go_on = Event()
    is_under_way = Event()
    moved = Event()
    stop = Event()

    def gate(n: int) -> None:
        if n == 2:
            is_under_way.set()
            go_on.wait(20)

    store.before_block = gate

    def fetch() -> bytes:
        with cache.hold(ref, Event()) as path:
            return path.read_bytes()

    def wait() -> None:
        with cache.hold(ref, stop, on_progress=moved.set):
            pass

    with ThreadPoolExecutor(2) as pool:
        fetching = pool.submit(fetch)
        assert is_under_way.wait(20)
        waiting = pool.submit(wait)
        assert moved.wait(20)
        stop.set()
        with pytest.raises(Stopped):
            waiting.result(20)
        go_on.set()
        assert fetching.result(20) == whole(SIZE)
    assert store.n_opened == 1


def test_if_the_one_who_fetches_fails_the_next_one_does_it(
    cache: SourceCache, store: DistantStore
) -> None:
    ref = store.keep("a", whole(SIZE))
    first_stop = Event()
    is_under_way = Event()

    def gate(n: int) -> None:
        if store.n_opened == 1 and n == 1:
            is_under_way.set()
            first_stop.wait(20)

    store.before_block = gate

    def hold(stop: Event) -> bytes:
        with cache.hold(ref, stop) as path:
            return path.read_bytes()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(hold, first_stop)
        assert is_under_way.wait(20)
        second = pool.submit(hold, Event())
        first_stop.set()
        with pytest.raises(Stopped):
            first.result(20)
        assert second.result(20) == whole(SIZE)


def test_fetching_counts_as_progress(cache: SourceCache, store: DistantStore) -> None:
    ref = store.keep("a", whole(SIZE))
    steps: list[None] = []

    with cache.hold(ref, Event(), on_progress=lambda: steps.append(None)):
        assert len(steps) == 3


def test_the_least_recently_used_goes_first(store: DistantStore, tmp_path: Path) -> None:
    cache = SourceCache(tmp_path / "cache", 3 * SIZE, store)
    a, b, c, d = (store.keep(name, name.encode() * SIZE) for name in "abcd")

    for ref in (a, b, c, a, d):
        with cache.hold(ref, Event()):
            pass

    assert cache.held() == (d.sha256, a.sha256, c.sha256)


def test_what_is_in_use_stays_even_over_the_limit(store: DistantStore, tmp_path: Path) -> None:
    cache = SourceCache(tmp_path / "cache", SIZE, store)
    other = SourceCache(tmp_path / "cache", SIZE, store)
    a, b, c = (store.keep(name, name.encode() * SIZE) for name in "abc")

    with ExitStack() as held:
        paths = [
            held.enter_context(user.hold(ref, Event())) for user in (cache, other) for ref in (a, b)
        ]
        with cache.hold(c, Event()) as path:
            assert path.stat().st_size == SIZE
        assert {path.read_bytes()[:1] for path in paths} == {b"a", b"b"}
        assert set(cache.held()) == {a.sha256, b.sha256}

    assert len(cache.held()) == 1


def test_a_cache_that_keeps_nothing_still_lends(store: DistantStore, tmp_path: Path) -> None:
    cache = SourceCache(tmp_path / "cache", 0, store)
    ref = store.keep("a", whole(SIZE))

    with cache.hold(ref, Event()) as path:
        assert path.read_bytes() == whole(SIZE)

    assert cache.held() == ()


def test_a_source_larger_than_the_disk_is_refused(
    cache: SourceCache, store: DistantStore, tmp_path: Path
) -> None:
    with cache.hold(store.keep("small", b"small"), Event()):
        pass
    ref = store.keep("a", b"x").model_copy(update={"size_bytes": 2**42})

    with pytest.raises(ScratchFull), cache.hold(ref, Event()):
        pass

    assert not [name for name in _left(tmp_path) if name.endswith(".part")]


def test_a_damaged_copy_is_fetched_again(
    cache: SourceCache, store: DistantStore, tmp_path: Path
) -> None:
    ref = store.keep("a", whole(SIZE))
    with cache.hold(ref, Event()) as path:
        pass
    path.write_bytes(b"")  # what a power cut can leave

    with cache.hold(ref, Event()) as path:
        assert path.read_bytes() == whole(SIZE)


def test_a_dead_fetch_is_swept_and_a_living_one_is_not(
    cache: SourceCache, store: DistantStore, tmp_path: Path
) -> None:
    ref = store.keep("a", whole(SIZE))
    dead = tmp_path / "cache" / f"{'0' * 64}.part"
    dead.write_bytes(b"half")
    living: list[bool] = []

    def start_another(n: int) -> None:
        if n == 1:
            SourceCache(tmp_path / "cache", SIZE, store)
            living.append((tmp_path / "cache" / f"{ref.sha256}.part").exists())

    store.before_block = start_another
    with cache.hold(ref, Event()) as path:
        assert path.read_bytes() == whole(SIZE)

    assert living == [True]
    assert not dead.exists()


def test_at_most_fifty_are_offered(store: DistantStore, tmp_path: Path) -> None:
    cache = SourceCache(tmp_path / "cache", SIZE, store)
    refs = [store.keep(f"a{n}", str(n).encode()) for n in range(55)]
    for ref in refs:
        with cache.hold(ref, Event()):
            pass

    assert cache.held() == tuple(ref.sha256 for ref in refs[:4:-1])
