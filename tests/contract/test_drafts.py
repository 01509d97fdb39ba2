"""Drafts, on every store: what a kept draft counts is there, whatever happens behind it."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress

import pytest

from pipeline.core.errors import Conflict, InvalidRequest, LeaseLost, NotFound, StorageUnavailable
from pipeline.storage.directory import DirectoryStore
from pipeline.storage.port import ObjectStore
from tests.support.bodies import body, growth_of_memory_bytes, whole
from tests.support.drafts import kept, thrown_away

MIB = 2**20


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """A key of this test alone: the S3 bucket is shared."""
    return f"{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]}/source"


def _bytes(store: ObjectStore, key: str) -> bytes:
    with store.open(key) as blocks:
        return b"".join(blocks)


def _folder(key: str) -> str:
    return key.rpartition("/")[0] + "/"


@pytest.mark.parametrize("size", [0, 1, 300_000, 8 * MIB, 20 * MIB])
@pytest.mark.parametrize("is_length_known", [True, False])
def test_one_append_becomes_the_object(
    store: ObjectStore, key: str, size: int, *, is_length_known: bool
) -> None:
    draft = store.begin(key, length_bytes=size if is_length_known else None, epoch=1)
    draft = kept(store, draft, body(size), epoch=1)
    assert draft.size_bytes == size
    with pytest.raises(NotFound):
        store.stat(key)

    found = store.finish(draft)

    assert (found.key, found.size_bytes) == (key, size)
    assert _bytes(store, key) == whole(size)
    assert [item.key for item in store.list(_folder(key))] == [key]


def test_a_draft_that_never_got_bytes_can_be_finished(store: ObjectStore, key: str) -> None:
    store.finish(store.begin(key, length_bytes=0, epoch=1))

    assert _bytes(store, key) == b""


@pytest.mark.parametrize("cut", [1, 64 * 1024, 5 * MIB - 1, 8 * MIB, 9 * MIB])
def test_pieces_become_the_object(store: ObjectStore, key: str, cut: int) -> None:
    data = whole(20 * MIB) if cut > MIB else whole(20 * cut)
    draft = store.begin(key, length_bytes=len(data), epoch=0)

    for epoch, start in enumerate(range(0, len(data), cut), start=1):
        draft = kept(store, draft, [data[start : start + cut]], epoch=epoch)

    store.finish(draft)
    assert _bytes(store, key) == data


@pytest.mark.parametrize("is_held", [True, False])
@pytest.mark.parametrize("size", [1, 9 * MIB])
def test_what_was_thrown_away_is_not_in_the_object(
    store: ObjectStore, key: str, size: int, *, is_held: bool
) -> None:
    draft = store.begin(key, length_bytes=None, epoch=1)
    draft = kept(store, draft, [b"begin"], epoch=1)

    wrong = thrown_away(store, draft, [b"x" * size], epoch=2, held=is_held)
    assert wrong.size_bytes > draft.size_bytes
    draft = kept(store, draft, [b"end"], epoch=3)

    store.finish(draft)
    assert _bytes(store, key) == b"beginend"


def test_a_held_append_yields_nothing_before_its_blocks_have_ended(
    store: ObjectStore, key: str
) -> None:
    ended: list[bool] = []

    def blocks() -> Iterator[bytes]:
        yield from body(40 * MIB)
        ended.append(True)

    draft = store.begin(key, length_bytes=40 * MIB, epoch=1)
    for yielded in store.append(draft, blocks(), epoch=1, held=True):
        assert ended
        draft = yielded

    store.finish(draft)
    assert _bytes(store, key) == whole(40 * MIB)


def test_blocks_that_raise_leave_the_kept_draft(store: ObjectStore, key: str) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 9 * MIB
        raise KeyError("bug")

    draft = kept(store, store.begin(key, length_bytes=None, epoch=1), [b"safe"], epoch=1)

    with pytest.raises(KeyError):
        kept(store, draft, broken(), epoch=2)

    store.finish(draft)
    assert _bytes(store, key) == b"safe"


def test_finishing_again_is_fine(store: ObjectStore, key: str) -> None:
    draft = kept(store, store.begin(key, length_bytes=3, epoch=1), [b"abc"], epoch=1)

    first = store.finish(draft)

    assert store.finish(draft) == first
    assert _bytes(store, key) == b"abc"


def test_an_abandoned_draft_leaves_nothing(store: ObjectStore, key: str) -> None:
    draft = store.begin(key, length_bytes=30 * MIB, epoch=1)
    draft = kept(store, draft, body(20 * MIB), epoch=1)

    store.abandon(draft)
    store.abandon(draft)

    assert list(store.list(_folder(key))) == []
    with pytest.raises(StorageUnavailable) as caught:
        store.finish(draft)
    assert caught.value.instance_code == "storage.upload_lost"


def test_deleting_the_prefix_takes_the_draft(store: ObjectStore, key: str) -> None:
    draft = store.begin(key, length_bytes=30 * MIB, epoch=1)
    draft = kept(store, draft, body(20 * MIB), epoch=1)

    store.delete_prefix(_folder(key))

    assert list(store.list(_folder(key))) == []
    with pytest.raises(StorageUnavailable):
        store.finish(draft)


def test_a_zombie_harms_nothing_after_the_take_over(store: ObjectStore, key: str) -> None:
    draft = kept(store, store.begin(key, length_bytes=None, epoch=1), body(9 * MIB), epoch=1)
    taken = kept(store, draft, body(10 * MIB), epoch=2)

    # A store may notice, or not find what the newer one needed no more, or write elsewhere.
    with suppress(LeaseLost, StorageUnavailable):
        thrown_away(store, draft, [b"zombie" * 2 * MIB], epoch=1)

    store.finish(taken)
    assert _bytes(store, key) == whole(9 * MIB) + whole(10 * MIB)


def test_a_zombie_in_the_middle_of_an_append_harms_nothing(store: ObjectStore, key: str) -> None:
    def stalled() -> Iterator[bytes]:
        yield b"zombie" * 2 * MIB
        waiting.append(None)
        yield b"zombie" * 2 * MIB

    draft = kept(store, store.begin(key, length_bytes=None, epoch=1), body(9 * MIB), epoch=1)
    waiting: list[None] = []
    zombie = store.append(draft, stalled(), epoch=2)
    next(zombie)

    try:
        taken = kept(store, draft, body(20 * MIB), epoch=3)
    except Conflict:  # kept out until it ends
        del zombie
        taken = kept(store, draft, body(20 * MIB), epoch=3)
    else:
        for _ in zombie:
            pass

    store.finish(taken)
    assert _bytes(store, key) == whole(9 * MIB) + whole(20 * MIB)


def test_memory_stays_flat(store: ObjectStore, key: str) -> None:
    size = 200 * MIB if isinstance(store, DirectoryStore) else 64 * MIB

    def there_and_doubled() -> None:
        draft = store.begin(key, length_bytes=size, epoch=1)
        store.finish(kept(store, draft, body(size), epoch=1))
        assert list(store.concatenate([key, key], f"{key}2"))[-1] == 2 * size

    # What a part is collected in lies beside this: twice 8 MiB, whatever the size.
    assert growth_of_memory_bytes(there_and_doubled) < 8 * MIB
    assert store.stat(f"{key}2").size_bytes == 2 * size
    store.delete_prefix(_folder(key))


def test_drafts_side_by_side_do_not_mix(store: ObjectStore, key: str) -> None:
    one = store.begin(f"{key}/1", length_bytes=None, epoch=1)
    two = store.begin(f"{key}/2", length_bytes=None, epoch=1)
    for epoch in range(1, 4):
        one = kept(store, one, [b"1" * epoch * MIB], epoch=epoch)
        two = kept(store, two, [b"2" * epoch * MIB], epoch=epoch)

    store.finish(one)
    store.abandon(two)

    assert _bytes(store, f"{key}/1") == b"1" * 6 * MIB
    assert [item.key for item in store.list(_folder(key))] == [f"{key}/1"]


@pytest.mark.parametrize("key", ["", "../up", "/absolute", "nul\0"])
def test_keys_that_could_lead_elsewhere_are_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(InvalidRequest):
        store.begin(key, length_bytes=1, epoch=1)
    with pytest.raises(InvalidRequest):
        list(store.concatenate([], key))


@pytest.mark.parametrize("sizes", [[], [0], [3, 4], [6 * MIB, 9 * MIB, 1], [6 * MIB, 1, 6 * MIB]])
def test_objects_are_put_one_behind_the_other(
    store: ObjectStore, key: str, sizes: list[int]
) -> None:
    keys = [f"{key}-{n}" for n, _ in enumerate(sizes)]
    for part, size in zip(keys, sizes, strict=True):
        store.put_stream(part, body(size), limit_bytes=size)

    steps = list(store.concatenate(keys, key))

    assert (steps or [0])[-1] == sum(sizes)
    assert _bytes(store, key) == b"".join(whole(size) for size in sizes)
    assert {item.key for item in store.list(_folder(key))} == {key, *keys}


def test_a_part_that_is_missing_stops_the_concatenation(store: ObjectStore, key: str) -> None:
    store.put_bytes(f"{key}-0", b"x", content_type="video/mp4")

    with pytest.raises(NotFound):
        list(store.concatenate([f"{key}-0", f"{key}-1"], key))

    assert [item.key for item in store.list(_folder(key))] == [f"{key}-0"]
