"""Scratch room: promised once, counted over all processes of the box, given back."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.core.errors import ScratchFull
from schemas.vocabulary import TaskId
from workers.scratch.folder import ScratchRoot

LIMIT = 1_000_000
TASK = TaskId("t1")


@pytest.fixture
def scratch(tmp_path: Path) -> ScratchRoot:
    return ScratchRoot(tmp_path / "scratch", LIMIT)


def test_room_is_promised_once(scratch: ScratchRoot) -> None:
    with scratch.reserve(600_000):
        assert scratch.free_bytes() == 400_000
        with pytest.raises(ScratchFull), scratch.reserve(400_001):
            pass
        with scratch.reserve(400_000):
            assert scratch.free_bytes() == 0

    assert scratch.free_bytes() == LIMIT


def test_processes_of_one_box_share_the_room(scratch: ScratchRoot, tmp_path: Path) -> None:
    # An owner is told by its lock, not by its process: two of them here are two processes.
    other = ScratchRoot(tmp_path / "scratch", LIMIT)

    with scratch.reserve(700_000):
        assert other.free_bytes() == 300_000
        with pytest.raises(ScratchFull), other.reserve(300_001):
            pass

    other.close()


def test_slots_never_promise_more_than_there_is(scratch: ScratchRoot) -> None:
    with ExitStack() as held:

        def reserve(_: int) -> bool:
            try:
                held.enter_context(scratch.reserve(LIMIT // 10))
            except ScratchFull:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(reserve, range(30))) == 10
        assert scratch.free_bytes() == 0

    assert scratch.free_bytes() == LIMIT


def test_the_real_disk_bounds_the_promise(tmp_path: Path) -> None:
    scratch = ScratchRoot(tmp_path / "scratch", 2**60)

    with pytest.raises(ScratchFull), scratch.reserve(2**50):
        pass
    with scratch.reserve(2**20):
        assert 0 < scratch.free_bytes() < 2**50


def test_an_attempt_gets_an_empty_folder_that_goes_with_it(scratch: ScratchRoot) -> None:
    with scratch.attempt(TASK, 1, reserve_bytes=100) as folder:
        assert list(folder.iterdir()) == []
        (folder / "720p").mkdir()
        (folder / "720p" / "00000.m4s").write_bytes(b"x")
        assert scratch.free_bytes() == LIMIT - 100
        with scratch.attempt(TASK, 2, reserve_bytes=100) as other:
            assert other != folder

    assert not folder.exists()
    assert scratch.free_bytes() == LIMIT


def test_a_failing_attempt_leaves_nothing(scratch: ScratchRoot) -> None:
    folders: list[Path] = []

    def work() -> None:
        with scratch.attempt(TASK, 1, reserve_bytes=100) as folder:
            folders.append(folder)
            (folder / "x").write_bytes(b"x")
            raise KeyError

    with pytest.raises(KeyError):
        work()

    assert not folders[0].exists()
    assert scratch.free_bytes() == LIMIT


def test_an_attempt_without_room_is_refused_and_leaves_nothing(scratch: ScratchRoot) -> None:
    with pytest.raises(ScratchFull), scratch.attempt(TASK, 1, reserve_bytes=LIMIT + 1):
        pass
    with scratch.attempt(TASK, 1, reserve_bytes=LIMIT):
        pass


def test_closing_gives_everything_back(scratch: ScratchRoot, tmp_path: Path) -> None:
    other = ScratchRoot(tmp_path / "scratch", LIMIT)

    other.close()

    assert len(list((tmp_path / "scratch" / "owners").iterdir())) == 1
    assert scratch.free_bytes() == LIMIT
