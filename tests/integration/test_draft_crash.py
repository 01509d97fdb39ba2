"""kill -9 of a process that takes a draft in: the next one goes on from what it had kept."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest

from pipeline.storage.directory import DirectoryStore
from pipeline.storage.port import Draft, ObjectStore
from pipeline.storage.s3 import S3Store
from tests.support.bodies import whole
from tests.support.drafts import kept
from tests.support.faulty_s3 import Fault, FaultyS3, Request
from tests.support.seaweed import S3Address

MIB = 2**20
SIZE = 90 * MIB
#: Keeps each draft by printing it; then does what the test asks for, and waits to be killed.
VICTIM = """
import json, os, sys
from dataclasses import asdict
from pathlib import Path
from pipeline.storage import atomic_file
from pipeline.storage.directory import DirectoryStore
from pipeline.storage.port import Draft
from pipeline.storage.s3 import S3Store
from tests.support.bodies import body
place, draft, size, moment = json.loads(sys.argv[1])
store = S3Store(**place) if isinstance(place, dict) else DirectoryStore(Path(place))
draft = Draft(**draft)
def stay():
    print("there", flush=True)
    sys.stdin.read()
def blocks():
    yield from body(size)
    if moment == "between blocks":
        stay()
for draft in store.append(draft, blocks(), epoch=1):
    print(json.dumps(asdict(draft)), flush=True)
if moment == "before the rename":
    os.fsync = lambda _: stay()
if moment == "after the rename":
    atomic_file.sync_folder = lambda _: stay()
store.finish(draft)
"""


@contextmanager
def _victim(*arguments: object) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", VICTIM, json.dumps(arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _kept_by(victim: "subprocess.Popen[str]", draft: Draft) -> Draft:
    """Read what the victim kept until it stays, or is dead."""
    assert victim.stdout
    for line in victim.stdout:
        if line == "there\n":
            break
        draft = Draft(**json.loads(line))
    return draft


def _ended(store: ObjectStore, draft: Draft) -> None:
    """Send the rest, and look at all of it."""
    if draft.size_bytes < SIZE:
        draft = kept(store, draft, [whole(SIZE)[draft.size_bytes :]], epoch=2)
    assert store.finish(draft).size_bytes == SIZE
    with store.open(draft.key) as blocks:
        assert b"".join(blocks) == whole(SIZE)
    folder = draft.key.rpartition("/")[0] + "/"
    assert [item.key for item in store.list(folder)] == [draft.key]


def test_a_writer_killed_between_two_blocks_loses_only_what_it_had_not_kept(
    tmp_path: Path,
) -> None:
    store = DirectoryStore(tmp_path)
    draft = store.begin("assets/a/source", length_bytes=SIZE, epoch=1)

    with _victim(str(tmp_path), vars(draft), 80 * MIB, "between blocks") as victim:
        draft = _kept_by(victim, draft)

    assert 32 * MIB <= draft.size_bytes < 80 * MIB
    assert (tmp_path / ".drafts/assets/a/source~1").stat().st_size == 80 * MIB
    _ended(store, draft)


@pytest.mark.parametrize("moment", ["before the rename", "after the rename"])
def test_a_finish_that_was_killed_is_done_again(tmp_path: Path, moment: str) -> None:
    store = DirectoryStore(tmp_path)
    draft = store.begin("assets/a/source", length_bytes=SIZE, epoch=1)

    with _victim(str(tmp_path), vars(draft), SIZE, moment) as victim:
        draft = _kept_by(victim, draft)

    assert draft.size_bytes == SIZE
    _ended(store, draft)


@pytest.fixture
def proxy(s3: S3Address) -> Iterator[FaultyS3]:
    with FaultyS3(s3.endpoint) as proxy:
        yield proxy


def _place(endpoint: str, s3: S3Address) -> dict[str, object]:
    return {
        "endpoint": endpoint,
        "access_key": s3.access_key,
        "secret_key": s3.secret_key,
        "bucket": s3.bucket,
        "region": "us-east-1",
        "secure": s3.secure,
        "draft_limit_bytes": SIZE,
    }


@pytest.mark.parametrize(
    "mark", ["partNumber=1&", "partNumber=4&", "source~", "POST uploads", "POST uploadId="]
)
def test_a_writer_killed_within_a_request_loses_only_what_it_had_not_kept(
    proxy: FaultyS3, s3: S3Address, mark: str
) -> None:
    is_reached = Event()
    method, _, path = mark.rpartition(" ")

    def choose(request: Request) -> Fault:
        if path in request.path and request.method == (method or "PUT"):
            is_reached.set()
            return Fault.HANG
        return Fault.NONE

    proxy.choose = choose
    store = S3Store(**_place(s3.endpoint, s3))  # type: ignore[arg-type]
    is_rest = path == "source~"
    length = None if is_rest else SIZE
    draft = store.begin(f"{uuid4().hex}/source", length_bytes=length, epoch=1)
    size = 83 * MIB if is_rest else SIZE

    with _victim(_place(proxy.endpoint, s3), vars(draft), size, "") as victim:
        assert is_reached.wait(30)
        victim.kill()
        draft = _kept_by(victim, draft)

    _ended(store, draft)
    assert store._client.unfinished(draft.key) == []
