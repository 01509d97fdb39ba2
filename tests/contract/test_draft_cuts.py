"""Drafts cut at random: whatever was kept, and nothing else, is in the object."""

import uuid
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.storage.directory import DirectoryStore
from pipeline.storage.port import ObjectStore
from pipeline.storage.s3 import S3Store
from tests.support.bodies import whole
from tests.support.drafts import remembered

MIB = 2**20
#: Around nothing, a block, S3's least part and ours, and several parts.
SIZES = st.one_of(
    st.integers(0, 3),
    st.integers(5 * MIB - 2, 5 * MIB + 2),
    st.integers(8 * MIB - 2, 8 * MIB + 2),
    st.integers(0, 20 * MIB),
)
#: How many of the yielded drafts the caller keeps; -1 is all of them.
KEPT = st.sampled_from([-1, -1, -1, 0, 1])
APPENDS = st.lists(st.tuples(SIZES, KEPT, st.booleans()), max_size=5)


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "directory":
        return DirectoryStore(tmp_path / "objects")
    address = request.getfixturevalue("s3")
    return S3Store(
        endpoint=address.endpoint,
        access_key=address.access_key,
        secret_key=address.secret_key,
        bucket=address.bucket,
        region="us-east-1",
        secure=address.secure,
        # As for a body of unknown length that needs no parts larger than the least.
        draft_limit_bytes=1,
    )


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(appends=APPENDS, is_length_known=st.booleans(), gap=st.integers(0, 3))
def test_the_object_is_what_was_kept(
    store: ObjectStore,
    appends: list[tuple[int, int, bool]],
    *,
    is_length_known: bool,
    gap: int,
) -> None:
    folder = f"{uuid.uuid4().hex}/"
    # Nobody can foretell where an append is broken off.
    is_length_known = is_length_known and all(n_kept != 1 for _, n_kept, _ in appends)
    length = sum(size for size, n_kept, _ in appends if n_kept == -1) if is_length_known else None
    draft = store.begin(f"{folder}source", length_bytes=length, epoch=0)
    wanted = b""
    for n, (size, n_kept, is_held) in enumerate(appends):
        data = (bytes([n]) + whole(size))[:size]
        blocks = [data[start : start + 777_777] for start in range(0, size, 777_777)]
        epoch = 1 + n * (1 + gap)
        before = draft.size_bytes
        with closing(store.append(draft, blocks, epoch=epoch, held=is_held)) as drafts:  # type: ignore[type-var]
            for n_yielded, yielded in enumerate(drafts):
                if n_yielded == n_kept:
                    break
                draft = remembered(yielded)
        wanted += data[: draft.size_bytes - before]
        assert n_kept != -1 or draft.size_bytes == before + size
    assert draft.size_bytes == len(wanted)

    store.finish(draft)

    with store.open(f"{folder}source") as found:
        assert b"".join(found) == wanted
    assert [item.key for item in store.list(folder)] == [f"{folder}source"]
    store.delete_prefix(folder)
