"""A database of the first schema, with an asset half made, goes on under today's code."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import text

from pipeline.database.migrations.run import upgrade
from pipeline.database.sql import SqlDatabase
from pipeline.services import assets, jobs, playback
from schemas.tasks import EncodeAudioParams
from schemas.vocabulary import AssetId, JobId, QueueName
from tests.support import engine

#: As the code of the first schema wrote them.
FACTS: dict[str, object] = {
    "container": "mov",
    "size_bytes": 1_000_000,
    "duration_s": "30/1",
    "start_s": "0/1",
    "video": None,
    "audio": {
        "index": 1,
        "codec": "aac",
        "profile": None,
        "channels": 2,
        "channel_layout": None,
        "sample_rate_hz": 48_000,
        "start_s": "0/1",
        "duration_s": "30/1",
        "language": None,
        "title": None,
        "bitrate_bps": None,
    },
    "is_seekable": True,
    "enrichment": {},
    "warnings": [],
}
AUDIO = {
    "name": "audio",
    "codec": "aac",
    "channels": 2,
    "sample_rate_hz": 48_000,
    "bitrate_bps": 128_000,
}
PLAN: dict[str, object] = {
    "grid": None,
    "rungs": [],
    "chunks": [],
    "audio": AUDIO,
    "segment_s": 4,
    "preset": "veryfast",
    "duration_s": "30/1",
    "thumbnail_count": 3,
    "storyboard_interval_s": 10,
    "estimated_bytes": 500_000,
    "estimated_cpu_s": 1.0,
    "scratch_bytes": 500_000,
    "warnings": [],
}
PROFILE = {
    "name": "default",
    "video_codec": "h264",
    "ladder": [{"name": "360p", "height_px": 360, "bitrate_bps": 800_000}],
    "audio": {"codec": "aac", "bitrate_bps": 128_000, "channels": 2, "sample_rate_hz": 48_000},
    "preset": "veryfast",
    "crf": 23,
    "segment_s": 4,
    "chunk_s": 60,
    "first_chunk_segments": 2,
    "max_frame_rate": "60/1",
    "thumbnail_count": 3,
    "storyboard_interval_s": 10,
}
PARAMS = {
    "kind": "encode_audio",
    "source": {"asset_id": "a1", "key": "assets/a1/source", "size_bytes": 9, "sha256": "e" * 64},
    "facts": FACTS,
    "audio": AUDIO,
    "segment_s": 4,
    "zero_s": "0/1",
}
ROWS = {
    "asset": {
        "id": "a1",
        "account": "local",
        "state": "processing",
        "filename": "a.mp4",
        "size_bytes": 9,
        "sha256": "e" * 64,
        "source_key": "assets/a1/source",
        "facts": json.dumps(FACTS),
        "job_id": None,
        "created_at": 1.0,
    },
    "job": {
        "id": "j1",
        "asset_id": "a1",
        "account": "local",
        "state": "running",
        "profile": json.dumps(PROFILE),
        "plan": json.dumps(PLAN),
        "priority": 0,
        "rank": 1.0,
        "metadata": "{}",
        "is_dry_run": False,
        "max_attempts": 3,
        "max_lost": 10,
        "files": "{}",
        "created_at": 1.0,
    },
    "task": {
        "id": "t1",
        "job_id": "j1",
        "asset_id": "a1",
        "kind": "encode_audio",
        "queue": "encode.cpu",
        "state": "ready",
        "rank": 1.0,
        "is_express": True,
        "is_build_pinned": False,
        "deps_left": 0,
        "attempt": 0,
        "max_attempts": 3,
        "max_lost": 10,
        "lost_count": 0,
        "fault_count": 0,
        "epoch": 0,
        "run_after": 1.0,
        "is_cancel_requested": False,
        "source_sha256": "e" * 64,
        "scratch_bytes": 0,
        "weight": 1.0,
        "fraction": 0.0,
        "progress": "{}",
        "params": json.dumps(PARAMS),
    },
}


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlDatabase]:
    url = f"sqlite:///{tmp_path / 'reelmill.db'}"
    if request.param == "postgresql":
        url = str(request.getfixturevalue("postgres_database"))
    database = SqlDatabase(url)
    upgrade(database._engine, "0001")
    with database._engine.begin() as connection:
        for table, row in ROWS.items():
            names = ", ".join(row)
            places = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)
        connection.execute(text("UPDATE asset SET job_id = 'j1'"))
    yield database
    database.close()


def test_what_was_made_before_is_shown_and_goes_on(old: SqlDatabase) -> None:
    old.migrate()

    asset = assets.show(old, AssetId("a1"))
    job = jobs.show(old, JobId("j1"))
    timeline = playback.timeline(old, AssetId("a1"))
    claimed = engine.must_claim(old, QueueName.ENCODE_CPU)

    assert asset.facts is not None
    assert [one.index for one in asset.facts.audios] == [1]
    assert [task.kind for task in job.tasks] == ["encode_audio"]
    assert timeline.duration_s == Fraction(30)
    assert isinstance(claimed.params, EncodeAudioParams)
    assert claimed.params.audio.source_index == 1
    assert claimed.params.facts == asset.facts
