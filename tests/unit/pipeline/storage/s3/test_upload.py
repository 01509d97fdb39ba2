"""How bodies are cut into parts."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.storage.s3.upload import MAX_OBJECT_BYTES, _cut, part_bytes_for

MIB = 2**20


@given(st.integers(min_value=0, max_value=MAX_OBJECT_BYTES))
def test_the_largest_allowed_body_fits_into_ten_thousand_parts(limit_bytes: int) -> None:
    part_bytes = part_bytes_for(limit_bytes)

    assert part_bytes * 10_000 >= limit_bytes
    assert 8 * MIB <= part_bytes <= 64 * MIB


def test_usual_limits_get_small_parts() -> None:
    assert part_bytes_for(10 * 2**30) == 8 * MIB
    assert part_bytes_for(100 * 2**30) == 11 * MIB


@given(st.lists(st.binary(max_size=50)), st.integers(min_value=1, max_value=40))
def test_parts_are_the_body_cut_evenly(blocks: list[bytes], part_bytes: int) -> None:
    parts = list(_cut(blocks, part_bytes))

    assert b"".join(parts) == b"".join(blocks)
    assert all(len(part) == part_bytes for part in parts[:-1])
    assert len(parts[-1]) <= part_bytes
    assert len(parts) == 1 or parts[-1]
