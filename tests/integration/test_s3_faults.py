"""A12: an S3 server that fails and lies. No wrong object is ever seen, and no call hangs."""

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from threading import Lock

import pytest

from pipeline.core.errors import NotFound, StorageFull, StorageUnavailable
from pipeline.storage import retrying
from pipeline.storage.s3 import S3Store, client
from tests.support.bodies import body, whole
from tests.support.faulty_s3 import Choice, Fault, FaultyS3, Request
from tests.support.seaweed import S3Address

MIB = 2**20
SIZE = 20 * MIB


@pytest.fixture
def proxy(s3: S3Address) -> Iterator[FaultyS3]:
    with FaultyS3(s3.endpoint) as proxy:
        yield proxy


def _store(endpoint: str, s3: S3Address, *, secret_key: str = "") -> S3Store:
    return S3Store(
        endpoint=endpoint,
        access_key=s3.access_key,
        secret_key=secret_key or s3.secret_key,
        bucket=s3.bucket,
        region="us-east-1",
        secure=s3.secure,
    )


@pytest.fixture
def store(proxy: FaultyS3, s3: S3Address) -> S3Store:
    return _store(proxy.endpoint, s3)


@pytest.fixture
def truth(s3: S3Address) -> S3Store:
    """The same bucket, seen without the proxy."""
    return _store(s3.endpoint, s3)


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after 2 s instead of 30."""
    monkeypatch.setattr(retrying, "_PATIENCE_S", 2.0)
    monkeypatch.setattr(retrying, "_HASTE_S", 1.0)


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    return f"{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]}/x"


def _once(is_it: Callable[[Request], bool], fault: Fault) -> Choice:
    left = [fault]

    def choose(request: Request) -> Fault:
        return left.pop() if left and is_it(request) else Fault.NONE

    return choose


def _is_part(request: Request) -> bool:
    return request.method == "PUT" and "partNumber=2" in request.path


def _n_unfinished(store: S3Store, key: str) -> int:
    return len(store._client.unfinished(key))


def _bytes(store: S3Store, key: str) -> bytes:
    with store.open(key) as blocks:
        return b"".join(blocks)


@pytest.mark.parametrize(
    "fault", [Fault.REFUSE, Fault.DO_AND_FAIL, Fault.DO_AND_DROP, Fault.LIE, Fault.DO_AND_LIE]
)
def test_a_completion_that_fails_or_lies_once_is_mended(
    proxy: FaultyS3, store: S3Store, truth: S3Store, key: str, fault: Fault
) -> None:
    proxy.choose = _once(lambda request: request.is_complete, fault)

    written = store.put_stream(key, body(SIZE), limit_bytes=SIZE)

    assert written.sha256 == hashlib.sha256(_bytes(truth, key)).hexdigest()
    assert _n_unfinished(truth, key) == 0
    assert sum(request.method == "PUT" for request, _ in proxy.seen) == 3


def test_a_completion_that_always_lies_is_an_error_and_leaves_nothing(
    proxy: FaultyS3, store: S3Store, truth: S3Store, key: str, impatience: None
) -> None:
    proxy.choose = lambda request: Fault.LIE if request.is_complete else Fault.NONE

    began_s = time.monotonic()
    with pytest.raises(StorageUnavailable):
        store.put_stream(key, body(SIZE), limit_bytes=SIZE)

    assert time.monotonic() - began_s < 10
    with pytest.raises(NotFound):
        truth.stat(key)
    assert _n_unfinished(truth, key) == 0


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.DO_AND_FAIL, Fault.DO_AND_DROP, Fault.LIE])
def test_only_the_part_that_failed_is_sent_again(
    proxy: FaultyS3, store: S3Store, truth: S3Store, key: str, fault: Fault
) -> None:
    proxy.choose = _once(_is_part, fault)

    store.put_stream(key, body(SIZE), limit_bytes=SIZE)

    assert _bytes(truth, key) == whole(SIZE)
    assert sum(request.method == "PUT" for request, _ in proxy.seen) == 4


def test_a_part_that_never_succeeds_aborts_the_upload(
    proxy: FaultyS3, store: S3Store, truth: S3Store, key: str, impatience: None
) -> None:
    proxy.choose = lambda request: Fault.REFUSE if _is_part(request) else Fault.NONE

    with pytest.raises(StorageUnavailable):
        store.put_stream(key, body(SIZE), limit_bytes=SIZE)

    assert _n_unfinished(truth, key) == 0


@pytest.mark.parametrize(
    "fault", [Fault.REFUSE, Fault.DO_AND_FAIL, Fault.DO_AND_DROP, Fault.LIE, Fault.GATEWAY]
)
def test_a_small_object_survives_a_fault(
    proxy: FaultyS3, store: S3Store, truth: S3Store, key: str, fault: Fault
) -> None:
    proxy.choose = _once(lambda request: request.method == "PUT", fault)

    store.put_bytes(key, b"segment", content_type="video/mp4")

    assert _bytes(truth, key) == b"segment"


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.CUT_AND_HIDE])
def test_a_cut_answer_is_read_on_where_it_ended(
    proxy: FaultyS3, store: S3Store, truth: S3Store, key: str, fault: Fault, tmp_path: Path
) -> None:
    truth.put_stream(key, body(SIZE), limit_bytes=SIZE)
    answers = cycle([fault, fault, fault, Fault.NONE])
    proxy.choose = lambda request: next(answers) if request.method == "GET" else Fault.NONE

    assert store.fetch(key, tmp_path / "out") == SIZE
    assert (tmp_path / "out").read_bytes() == whole(SIZE)
    with store.open(key, start=1_000_001, length=9 * MIB) as blocks:
        assert b"".join(blocks) == whole(SIZE)[1_000_001 : 1_000_001 + 9 * MIB]
    assert sum(done is fault for _, done in proxy.seen) == 6


def test_an_object_replaced_while_it_is_read_is_not_mixed(
    proxy: FaultyS3, store: S3Store, truth: S3Store, key: str
) -> None:
    truth.put_bytes(key, b"a" * MIB, content_type="video/mp4")
    proxy.choose = _once(lambda request: request.method == "GET", Fault.CUT)

    def read() -> None:
        with store.open(key) as blocks:
            next(blocks)
            truth.put_bytes(key, b"b" * MIB, content_type="video/mp4")
            for _ in blocks:
                pass

    with pytest.raises(StorageUnavailable) as caught:
        read()
    assert caught.value.instance_code == "storage.changed"


def test_a_read_that_never_moves_on_ends(
    proxy: FaultyS3, store: S3Store, truth: S3Store, key: str, tmp_path: Path, impatience: None
) -> None:
    truth.put_stream(key, body(SIZE), limit_bytes=SIZE)
    first = _once(lambda request: request.method == "GET", Fault.CUT)

    def choose(request: Request) -> Fault:
        fault = first(request)
        return Fault.REFUSE if fault is Fault.NONE and request.method == "GET" else fault

    store.check()
    proxy.choose = choose
    with pytest.raises(StorageUnavailable):
        store.fetch(key, tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [5, SIZE])
def test_a_full_store_is_told_at_once(proxy: FaultyS3, store: S3Store, key: str, size: int) -> None:
    proxy.choose = lambda request: Fault.FULL if request.method == "PUT" else Fault.NONE

    with pytest.raises(StorageFull):
        store.put_stream(key, body(size), limit_bytes=size)

    assert sum(request.method == "PUT" for request, _ in proxy.seen) == 1


def test_a_server_that_is_away_is_told_in_time(
    s3: S3Address, key: str, tmp_path: Path, impatience: None
) -> None:
    with FaultyS3(s3.endpoint) as gone:
        store = _store(gone.endpoint, s3)
        store.check()

    began_s = time.monotonic()
    with pytest.raises(StorageUnavailable):
        store.stat(key)
    with pytest.raises(StorageUnavailable), store.open(key):
        pass
    with pytest.raises(StorageUnavailable):
        list(store.list("x/"))
    with pytest.raises(StorageUnavailable):
        store.put_bytes(key, b"x", content_type="video/mp4")
    with pytest.raises(StorageUnavailable):
        store.fetch(key, tmp_path / "out")
    with pytest.raises(StorageUnavailable):
        store.delete_prefix("x/")
    with pytest.raises(StorageUnavailable):
        store.check()

    assert time.monotonic() - began_s < 15


def test_a_server_that_says_nothing_is_asked_again(
    proxy: FaultyS3,
    s3: S3Address,
    truth: S3Store,
    key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "_READ_S", 0.5)
    store = _store(proxy.endpoint, s3)

    proxy.choose = _once(lambda request: request.method == "PUT", Fault.HANG)
    store.put_bytes(key, whole(MIB), content_type="video/mp4")
    proxy.choose = _once(lambda request: request.method == "GET", Fault.HANG)
    assert store.fetch(key, tmp_path / "out") == MIB

    assert _bytes(truth, key) == (tmp_path / "out").read_bytes() == whole(MIB)


def test_wrong_keys_are_named_and_not_tried_again(proxy: FaultyS3, s3: S3Address, key: str) -> None:
    store = _store(proxy.endpoint, s3, secret_key="wrong")

    with pytest.raises(StorageUnavailable) as caught:
        store.put_bytes(key, b"x", content_type="video/mp4")

    assert caught.value.instance_code == "storage.denied"
    assert "keys" in caught.value.remedy
    assert sum(request.method == "PUT" for request, _ in proxy.seen) == 1


def test_a_missing_bucket_is_made(s3: S3Address, key: str) -> None:
    bucket = f"made-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    stores = [
        S3Store(
            endpoint=s3.endpoint,
            access_key=s3.access_key,
            secret_key=s3.secret_key,
            bucket=bucket,
            region="us-east-1",
            secure=s3.secure,
        )
        for _ in range(4)
    ]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda store: store.check(), stores))

    stores[0]._client.remove_bucket(bucket)


def test_deleting_a_prefix_aborts_what_dead_writers_left(truth: S3Store, key: str) -> None:
    prefix = f"{key}/"
    for n in range(3):
        upload_id = truth._client.begin_upload(f"{prefix}{n}", "w", "video/mp4")
        truth._client.upload_part(f"{prefix}{n}", upload_id, 1, b"x")
    spared = truth._client.begin_upload("spared/x", "w", "video/mp4")
    assert _n_unfinished(truth, prefix) == 3

    assert truth.delete_prefix(prefix) == 0

    assert _n_unfinished(truth, prefix) == 0
    assert _n_unfinished(truth, "spared/") == 1
    truth._client.abort_upload("spared/x", spared)


class _Storm:
    """Faults by chance, the same for the same seed as long as one thread asks."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._lock = Lock()

    def __call__(self, request: Request) -> Fault:
        with self._lock:
            dice = self._chance.random()
        if dice < 0.20:
            return Fault.REFUSE
        if dice < 0.25:
            return Fault.DO_AND_DROP
        if dice < 0.30 and request.method == "GET":
            return Fault.CUT
        if dice < 0.35 and request.is_complete:
            return Fault.LIE if dice < 0.325 else Fault.DO_AND_LIE
        return Fault.NONE


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_a_storm_every_object_is_whole_or_absent(
    proxy: FaultyS3, store: S3Store, truth: S3Store, key: str, seed: int, tmp_path: Path
) -> None:
    proxy.choose = _Storm(seed)
    prefix = f"{key}/"

    def there_and_back(n: int) -> None:
        size = 9 * MIB if n % 10 == 0 else n * 10_001
        store.put_stream(f"{prefix}{n}", body(size), limit_bytes=size)
        assert store.fetch(f"{prefix}{n}", tmp_path / str(n)) == size
        assert (tmp_path / str(n)).read_bytes() == whole(size)
        assert _bytes(truth, f"{prefix}{n}") == whole(size)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(there_and_back, range(40)))

    assert len(list(store.list(prefix))) == 40
    store.delete_prefix(prefix)
    assert list(truth.list(prefix)) == []
    assert _n_unfinished(truth, prefix) == 0
