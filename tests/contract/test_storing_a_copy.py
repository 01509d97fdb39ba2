"""An attempt stores the working copy of its source: the same promises from both stores."""

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipeline.core.errors import Stopped
from pipeline.services.claims import Claimed
from pipeline.storage.port import ObjectStore
from schemas.idle import IdleParams
from schemas.vocabulary import AssetId, JobId, TaskId
from tests.support.bodies import whole
from tests.support.folder_bench import tools
from workers.attempt import Attempt, Place, StopReason
from workers.scratch.cache import SourceCache

MIB = 2**20
PREFIX = "assets/copied/task-1/"


def attempt(store: ObjectStore, folder: Path) -> Attempt:
    claimed = Claimed(
        task_id=TaskId("task"),
        job_id=JobId("job"),
        asset_id=AssetId("copied"),
        epoch=1,
        attempt=1,
        params=IdleParams(),
        prefix=PREFIX,
        scratch_bytes=0,
    )
    # Of the whole pipeline only its storage is asked.
    pipeline = cast("Any", SimpleNamespace(storage=store))
    cache = SourceCache(folder / "cache", 2**40, store)
    return Attempt(claimed, Place(pipeline, cache, tools()), folder)


def test_a_copy_is_stored_whole_and_another_attempt_works_on_it(
    store: ObjectStore, tmp_path: Path
) -> None:
    # More than one part of an upload in parts, and not a whole number of them.
    data = whole(11 * MIB + 17)
    path = tmp_path / "working.mov"
    path.write_bytes(data)
    writer = attempt(store, tmp_path)

    ref = writer.put_source(path, path.name)

    assert ref.key == f"{PREFIX}working.mov"
    assert (ref.asset_id, ref.size_bytes) == ("copied", len(data))
    assert ref.sha256 == hashlib.sha256(data).hexdigest()
    reader = attempt(store, tmp_path)
    assert reader.source(ref).read_bytes() == data
    reader.close()
    store.delete_prefix(PREFIX)


def test_a_stop_while_a_copy_is_stored_leaves_nothing(store: ObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "working.mov"
    path.write_bytes(whole(2 * MIB))
    writer = attempt(store, tmp_path)
    writer.interrupt(StopReason.CANCELLED)

    with pytest.raises(Stopped):
        writer.put_source(path, path.name)

    assert list(store.list(PREFIX)) == []
