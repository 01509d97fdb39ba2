import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.core.errors import ScratchFull
from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag, TagReader
from tests.support.folder_bench import FolderBench
from tests.support.made_tags import VIDEO_HEADER, picture, written
from workers.steps.recording.gathering import gathered, joined

N_PARTS = 300


def restless() -> Iterator[Tag]:
    """Send a header of another level before each picture."""
    for n in range(N_PARTS):
        header = VIDEO_HEADER[:-1] + bytes((n % 256,))
        yield Tag(MediaKind.VIDEO, n * 40, header)
        yield Tag(MediaKind.VIDEO, n * 40, picture(n, is_keyframe=True))


@contextmanager
def few_files() -> Iterator[None]:
    """Let this process open few files more than it has."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    newest = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (newest + 20, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_headers_that_change_all_the_time_do_not_take_all_files(tmp_path: Path) -> None:
    bench = FolderBench(tmp_path)
    piece = bench.scratch / "piece.flv"
    piece.write_bytes(tags.header() + b"".join(map(written, restless())))

    with few_files():
        sent = joined([piece], bench, stem="part")

    assert len(sent.files) == N_PARTS
    for n, file in enumerate(sent.files):
        times = [tag.timestamp_ms for tag in TagReader().receive_data(file.read_bytes())]
        assert times == [n * 40, n * 40]


class _Hours:
    """A spool larger than any disk."""

    def size_bytes(self) -> int:
        return 2**60

    def keys(self) -> list[str]:
        raise AssertionError("nothing is fetched that has no room")


class _Bench(FolderBench):
    recording = _Hours()


def test_what_has_no_room_here_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(ScratchFull):
        gathered(_Bench(tmp_path))  # type: ignore[arg-type]  # as far as used
