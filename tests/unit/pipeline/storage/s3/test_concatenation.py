"""How objects are cut for the server to copy."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from pipeline.storage.port import StoredObject
from pipeline.storage.s3.concatenation import _spans

MIB = 2**20


def _object(size_bytes: int) -> StoredObject:
    return StoredObject("k", size_bytes, "etag", datetime.fromtimestamp(0, UTC))


@given(st.lists(st.integers(min_value=1, max_value=5 * 2**40), max_size=5))
def test_spans_are_the_objects_in_order(sizes: list[int]) -> None:
    spans = list(_spans([_object(min(size, 2**34)) for size in sizes]))

    for size in {min(size, 2**34) for size in sizes}:
        borders = [span for source, span in spans if source.size_bytes == size]
        assert borders[0].start == 0
        assert borders[-1].stop == size
    assert all(0 < len(span) <= 64 * MIB for _, span in spans)


@given(st.integers(min_value=5 * MIB, max_value=2**40))
def test_no_span_of_a_large_object_is_too_short_for_a_part(size_bytes: int) -> None:
    assert all(len(span) >= 5 * MIB for _, span in _spans([_object(size_bytes)]))
