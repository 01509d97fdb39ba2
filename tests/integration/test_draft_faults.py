"""Drafts on an S3 server that fails and lies: the kept draft holds, and goes on."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.core.errors import StorageFull, StorageUnavailable
from pipeline.storage import retrying
from pipeline.storage.port import Draft
from pipeline.storage.s3 import S3Store, appending
from tests.support.bodies import body, whole
from tests.support.drafts import kept, remembered, thrown_away
from tests.support.faulty_s3 import Choice, Fault, FaultyS3, Request
from tests.support.seaweed import S3Address
from tests.support.small_disk import small_disk

MIB = 2**20
SIZE = 20 * MIB


@pytest.fixture
def proxy(s3: S3Address) -> Iterator[FaultyS3]:
    with FaultyS3(s3.endpoint) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: FaultyS3, s3: S3Address) -> S3Store:
    return S3Store(
        endpoint=proxy.endpoint,
        access_key=s3.access_key,
        secret_key=s3.secret_key,
        bucket=s3.bucket,
        region="us-east-1",
        secure=s3.secure,
        draft_limit_bytes=SIZE,
    )


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after 2 s instead of 30."""
    monkeypatch.setattr(retrying, "_PATIENCE_S", 2.0)
    monkeypatch.setattr(retrying, "_HASTE_S", 1.0)


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    return f"{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]}/source"


def _is_part(request: Request) -> bool:
    return request.method == "PUT" and "partNumber=2" in request.path


def _is_rest(request: Request) -> bool:
    return request.method == "PUT" and "~" in request.path


def _is_completion(request: Request) -> bool:
    return request.is_complete


def _once(is_it: Callable[[Request], bool], fault: Fault) -> Choice:
    left = [fault]
    return lambda request: left.pop() if left and is_it(request) else Fault.NONE


def _ever(is_it: Callable[[Request], bool], fault: Fault) -> Choice:
    return lambda request: fault if is_it(request) else Fault.NONE


def _begun(store: S3Store, key: str) -> Draft:
    """Keep the first 9 MiB: one part, and a rest."""
    draft = store.begin(key, length_bytes=None, epoch=1)
    return kept(store, draft, [whole(SIZE)[: 9 * MIB]], epoch=1)


def _is_as_sent(store: S3Store, key: str) -> bool:
    with store.open(key) as blocks:
        is_same = b"".join(blocks) == whole(SIZE)
    folder = key.rpartition("/")[0] + "/"
    names = [item.key for item in store.list(folder)]
    return is_same and names == [key] and not store._client.unfinished(folder)


@pytest.mark.parametrize("is_it", [_is_part, _is_rest, _is_completion])
@pytest.mark.parametrize(
    "fault", [Fault.REFUSE, Fault.DO_AND_FAIL, Fault.DO_AND_DROP, Fault.LIE, Fault.DO_AND_LIE]
)
def test_one_fault_is_mended_on_the_way(
    proxy: FaultyS3, store: S3Store, key: str, is_it: Callable[[Request], bool], fault: Fault
) -> None:
    draft = _begun(store, key)
    proxy.choose = _once(is_it, fault)

    draft = kept(store, draft, [whole(SIZE)[9 * MIB :]], epoch=2)
    store.finish(draft)

    assert any(done is fault for _, done in proxy.seen)
    assert _is_as_sent(store, key)


@pytest.mark.parametrize("is_it", [_is_part, _is_rest])
@pytest.mark.parametrize(
    ("fault", "kind"), [(Fault.REFUSE, StorageUnavailable), (Fault.FULL, StorageFull)]
)
def test_a_store_that_is_away_or_full_leaves_the_kept_draft(
    proxy: FaultyS3,
    store: S3Store,
    key: str,
    is_it: Callable[[Request], bool],
    fault: Fault,
    kind: type[Exception],
    impatience: None,
) -> None:
    draft = _begun(store, key)
    proxy.choose = _ever(is_it, fault)
    ways = [draft]
    with pytest.raises(kind):
        ways.extend(map(remembered, store.append(draft, [whole(SIZE)[9 * MIB :]], epoch=2)))
    draft = ways[-1]
    proxy.choose = lambda _: Fault.NONE

    draft = kept(store, draft, [whole(SIZE)[draft.size_bytes :]], epoch=3)
    store.finish(draft)

    assert _is_as_sent(store, key)


@pytest.mark.parametrize(
    "fault", [Fault.REFUSE, Fault.DO_AND_FAIL, Fault.DO_AND_DROP, Fault.LIE, Fault.DO_AND_LIE]
)
def test_a_finish_that_failed_can_be_repeated(
    proxy: FaultyS3, store: S3Store, key: str, fault: Fault, impatience: None
) -> None:
    draft = kept(store, _begun(store, key), [whole(SIZE)[9 * MIB :]], epoch=2)
    proxy.choose = lambda request: (
        fault if request.is_complete else Fault.REFUSE if request.method == "HEAD" else Fault.NONE
    )
    with pytest.raises(StorageUnavailable):
        store.finish(draft)
    proxy.choose = lambda _: Fault.NONE

    assert store.finish(draft).size_bytes == SIZE
    assert store.finish(draft).size_bytes == SIZE

    assert _is_as_sent(store, key)


def test_a_completion_that_only_lies_is_an_error(
    proxy: FaultyS3, store: S3Store, key: str, impatience: None
) -> None:
    draft = kept(store, _begun(store, key), [whole(SIZE)[9 * MIB :]], epoch=2)
    proxy.choose = _ever(_is_completion, Fault.LIE)

    with pytest.raises(StorageUnavailable):
        store.finish(draft)

    proxy.choose = lambda _: Fault.NONE
    store.finish(draft)
    assert _is_as_sent(store, key)


@pytest.mark.parametrize("piece", [5 * MIB, 6_000_001, 8 * MIB])
def test_bodies_of_one_size_cost_one_request_each(
    proxy: FaultyS3, store: S3Store, key: str, piece: int
) -> None:
    draft = store.begin(key, length_bytes=SIZE, epoch=1)
    for epoch, start in enumerate(range(0, SIZE, piece), start=1):
        draft = kept(store, draft, [whole(SIZE)[start : start + piece]], epoch=epoch)
    store.finish(draft)

    n_pieces = -(-SIZE // piece)
    assert sum(request.method == "PUT" for request, _ in proxy.seen) == n_pieces
    assert _is_as_sent(store, key)


def test_rests_that_could_not_be_deleted_go_at_the_end(
    proxy: FaultyS3, store: S3Store, key: str
) -> None:
    draft = store.begin(key, length_bytes=None, epoch=1)
    proxy.choose = lambda request: Fault.REFUSE if "delete" in request.path else Fault.NONE
    for epoch, start in enumerate(range(0, SIZE, 4 * MIB), start=1):
        draft = kept(store, draft, [whole(SIZE)[start : start + 4 * MIB]], epoch=epoch)
    assert len(list(store.list(f"{key}~"))) > 2
    proxy.choose = lambda _: Fault.NONE

    store.finish(draft)

    assert _is_as_sent(store, key)


def test_an_abandoned_draft_leaves_no_upload(store: S3Store, key: str) -> None:
    draft = _begun(store, key)
    neighbour = kept(store, store.begin(f"{key}2", length_bytes=None, epoch=1), body(SIZE), epoch=1)
    assert len(store._client.unfinished(key)) == 2

    store.abandon(draft)

    assert [found.object_name for found in store._client.unfinished(key)] == [f"{key}2"]
    assert list(store.list(f"{key}~")) == []
    store.finish(neighbour)


def test_deleting_the_prefix_leaves_no_upload(store: S3Store, key: str) -> None:
    _begun(store, key)

    store.delete_prefix(key.rpartition("/")[0] + "/")

    assert store._client.unfinished(key) == []
    assert list(store.list(key)) == []


def test_a_slow_senders_bytes_are_kept_before_they_make_up_a_part(
    store: S3Store, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "_REST_S", 0.0)
    draft = store.begin(key, length_bytes=None, epoch=1)
    sizes = []
    for draft in store.append(draft, body(MIB), epoch=1):  # noqa: B020
        sizes.append(draft.size_bytes)
        # One is kept, and one may be on its way out.
        assert len(list(store.list(f"{key}~"))) <= 2

    assert len(sizes) > 3
    store.finish(draft)
    with store.open(key) as blocks:
        assert b"".join(blocks) == whole(MIB)


def test_a_box_without_room_to_hold_a_body_back_says_so(
    store: S3Store, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = kept(store, store.begin(key, length_bytes=SIZE, epoch=1), [whole(MIB)], epoch=1)
    with small_disk(tmp_path / "disk", 2 * MIB) as disk, monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(StorageFull):
            thrown_away(store, draft, body(5 * MIB), epoch=2, held=True)

    draft = kept(store, draft, [whole(SIZE)[MIB:]], epoch=3)
    store.finish(draft)
    assert _is_as_sent(store, key)


def test_a_late_writer_cannot_replace_a_part_of_a_newer_one(
    proxy: FaultyS3, store: S3Store, key: str
) -> None:
    draft = _begun(store, key)
    zombie = store.append(draft, [b"z" * 11 * MIB], epoch=2)
    taken = kept(store, draft, [whole(SIZE)[9 * MIB :]], epoch=3)

    with pytest.raises(StorageUnavailable):
        # It looks for the rest it began with, which went up with a part since.
        next(zombie)
    store.finish(taken)

    assert _is_as_sent(store, key)


def test_a_part_still_going_up_at_the_take_over_is_not_in_the_object(
    proxy: FaultyS3, store: S3Store, key: str
) -> None:
    data = whole(SIZE)
    draft = kept(store, store.begin(key, length_bytes=SIZE, epoch=1), [data[: 8 * MIB]], epoch=1)
    zombie = store.append(draft, [b"z" * 8 * MIB] * 2, epoch=2)
    next(zombie)
    taken = kept(store, draft, [data[8 * MIB :]], epoch=3)

    for _ in zombie:
        pass
    store.finish(taken)

    assert _is_as_sent(store, key)
