"""The room a part is collected in."""

import tempfile
from pathlib import Path

import pytest

from pipeline.core.errors import StorageFull
from pipeline.storage.s3.part_buffer import PartBuffer
from tests.support.small_disk import small_disk

MIB = 2**20


@pytest.mark.parametrize("size_bytes", [8 * MIB, 17 * MIB])
def test_it_takes_what_fits_and_gives_the_rest_back(size_bytes: int) -> None:
    buffer = PartBuffer(size_bytes)
    block = memoryview(bytes(range(256)) * 4096)

    left = block
    while not buffer.is_full:
        left = buffer.take(left) or block

    assert buffer.view() == bytes(block) * (size_bytes // MIB)
    buffer.clear()
    assert buffer.take(memoryview(b"ab")) == b""
    assert buffer.view() == b"ab"


def test_a_disk_without_room_for_a_large_part_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", 8 * MIB) as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(StorageFull):
            PartBuffer(17 * MIB)
