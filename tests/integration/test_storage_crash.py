"""kill -9 in the middle of writing: what the next start finds, and what it leaves alone."""

from pathlib import Path
from threading import Event

import pytest

from pipeline.core.errors import NotFound
from pipeline.storage.directory import DirectoryStore
from schemas.vocabulary import TaskId
from tests.support.bodies import whole
from tests.support.distant import DistantStore
from tests.support.victims import victim
from workers.scratch.cache import SourceCache
from workers.scratch.folder import ScratchRoot

WRITES = """
from pipeline.storage.directory import DirectoryStore
def blocks():
    yield b"x" * 100_000
    ready()
    yield b"y"
DirectoryStore(Path(sys.argv[1])).put_stream("assets/a/source", blocks(), limit_bytes=10**6)
"""
WORKS = """
from workers.scratch.folder import ScratchRoot
with ScratchRoot(Path(sys.argv[1]), 1_000_000).attempt("t1", 1, reserve_bytes=600_000) as folder:
    (folder / "720p").mkdir()
    (folder / "720p" / "00000.m4s").write_bytes(b"x" * 50_000)
    ready()
"""
FETCHES = """
from schemas.tasks import SourceRef
from tests.support.distant import DistantStore
from workers.scratch.cache import SourceCache
store = DistantStore(Path(sys.argv[1]))
store.before_block = lambda n: ready() if n == 1 else None
ref = SourceRef.model_validate_json(sys.argv[3])
with SourceCache(Path(sys.argv[2]), 10**9, store).hold(ref, Event()):
    pass
"""
HOLDS = FETCHES.replace("store.before_block = lambda n: ready() if n == 1 else None", "").replace(
    "    pass\n", "    ready()\n"
)


def test_an_unfinished_object_is_never_seen_and_swept_once_its_writer_is_dead(
    tmp_path: Path,
) -> None:
    incoming = tmp_path / ".incoming"
    with victim(WRITES, tmp_path) as writer:
        store = DirectoryStore(tmp_path)
        assert len(list(incoming.iterdir())) == 1
        assert list(store.list("")) == []
        writer.kill()
        writer.wait()

    store = DirectoryStore(tmp_path)

    assert list(incoming.iterdir()) == []
    with pytest.raises(NotFound):
        store.stat("assets/a/source")


def test_the_room_of_a_killed_worker_comes_back(tmp_path: Path) -> None:
    scratch = ScratchRoot(tmp_path, 1_000_000)
    with victim(WORKS, tmp_path) as worker:
        assert scratch.free_bytes() == 400_000
        ScratchRoot(tmp_path, 1_000_000).close()
        assert len(list(tmp_path.rglob("*.m4s"))) == 1
        worker.kill()
        worker.wait()

    # A running worker short of room needs no restart to find out.
    with scratch.attempt(TaskId("t1"), 2, reserve_bytes=1_000_000):
        assert list(tmp_path.rglob("*.m4s")) == []


def test_the_next_start_removes_what_a_killed_worker_left(tmp_path: Path) -> None:
    with victim(WORKS, tmp_path) as worker:
        worker.kill()
        worker.wait()
    assert len(list(tmp_path.rglob("*.m4s"))) == 1

    scratch = ScratchRoot(tmp_path, 1_000_000)

    assert list(tmp_path.rglob("*.m4s")) == []
    assert scratch.free_bytes() == 1_000_000


def test_a_fetch_that_died_is_begun_again(tmp_path: Path) -> None:
    store = DistantStore(tmp_path / "objects")
    ref = store.keep("a", whole(600_000))
    with victim(FETCHES, tmp_path / "objects", tmp_path / "cache", ref.model_dump_json()) as worker:
        cache = SourceCache(tmp_path / "cache", 10**9, store)
        assert len(list((tmp_path / "cache").glob("*.part"))) == 1
        worker.kill()
        worker.wait()

    with cache.hold(ref, Event()) as path:
        assert path.read_bytes() == whole(600_000)
    assert list((tmp_path / "cache").glob("*.part")) == []


def test_no_process_evicts_what_another_holds(tmp_path: Path) -> None:
    store = DistantStore(tmp_path / "objects")
    ref = store.keep("a", whole(600_000))
    other = store.keep("b", b"b" * 600_000)
    cache = SourceCache(tmp_path / "cache", 0, store)
    with victim(HOLDS, tmp_path / "objects", tmp_path / "cache", ref.model_dump_json()):
        with cache.hold(other, Event()):
            pass
        assert cache.held() == (ref.sha256,)

    with cache.hold(other, Event()):
        pass
    assert cache.held() == ()
