"""Storing what an attempt made: a large file is a long time, which must not look like silence."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.core.errors import Stopped
from pipeline.services.claims import Claimed
from pipeline.storage.directory import DirectoryStore
from schemas.idle import IdleParams
from schemas.vocabulary import AssetId, JobId, TaskId
from workers.attempt import Attempt, Place, StopReason
from workers.bench import Tools

LARGE_BYTES = 65 * 2**20


@dataclass(frozen=True)
class House:
    """What of a pipeline storing needs."""

    storage: DirectoryStore


def attempt(folder: Path) -> Attempt:
    claimed = Claimed(
        task_id=TaskId("t1"),
        job_id=JobId("j"),
        asset_id=AssetId("a"),
        epoch=1,
        attempt=1,
        params=IdleParams(),
        prefix="assets/a/t1-1/",
        scratch_bytes=0,
    )
    tools = Tools(
        ffmpeg="",
        ffprobe="",
        encoders=(),
        encoder_build="",
        threads=1,
        use_gpu=False,
        stall_s=100.0,
        max_source_pixels=1,
        max_source_duration_s=1.0,
        max_source_streams=1,
    )
    house = cast("Any", House(DirectoryStore(folder / "store")))
    return Attempt(claimed, Place(house, cast("Any", None), tools), folder)


def written(path: Path, size_bytes: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size_bytes)
    return path


def test_what_is_large_is_stored_whole(tmp_path: Path) -> None:
    made = attempt(tmp_path)

    key = made.put(written(tmp_path / "film", LARGE_BYTES), "film", content_type="video/mp4")

    found = DirectoryStore(tmp_path / "store").stat(key)
    assert found.size_bytes == LARGE_BYTES


def test_storing_what_is_large_is_heard_of_and_can_be_stopped(tmp_path: Path) -> None:
    made = attempt(tmp_path)
    film = written(tmp_path / "film", LARGE_BYTES)
    made.interrupt(StopReason.CANCELLED)

    with pytest.raises(Stopped):
        made.put(film, "film", content_type="video/mp4")

    assert list(DirectoryStore(tmp_path / "store").list("assets/a/")) == []


def test_what_is_small_is_stored_even_when_asked_to_stop(tmp_path: Path) -> None:
    made = attempt(tmp_path)
    made.interrupt(StopReason.CANCELLED)

    key = made.put(written(tmp_path / "page", 10), "page", content_type="text/vtt")

    assert DirectoryStore(tmp_path / "store").stat(key).size_bytes == 10
