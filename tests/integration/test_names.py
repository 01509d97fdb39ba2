"""Names are words for people: whatever they say, no path, no command and no address holds them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.bootstrap import Pipeline, build
from pipeline.core.keys import source_key
from pipeline.services import assets, certificates
from pipeline.settings import Settings
from schemas.certificate import CertificateState
from tests.support.clock import beeping, numbered
from tests.support.hand_work import SMALL
from tests.support.lavfi import make
from tests.support.whole_asset import put_through

#: Runs through every name, so that it can be looked for.
MARK = "kZq7"
NAMES = [
    f"-y {MARK}.mp4",
    f"{MARK}%03d.png",
    f"concat:{MARK}|passwd.ts",
    f"../../{MARK}.mp4",
    f"/etc/{MARK}",
    f"{MARK}';drawtext=textfile=x.mp4",
    f"$({MARK}).mkv",
    f"{MARK}\n#EXTM3U\nhttp://x/.m3u8",
    f"https://{MARK}.example/a.ts",
    f"{MARK}\u202e4pm.exe",
    MARK * 60,
]


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    (tmp_path / "data").mkdir()
    made = build(Settings(data_dir=tmp_path / "data", _env_file=None))
    yield made
    made.close()


def assert_nowhere(folder: Path) -> None:
    """No file below is named by what somebody sent, nor tells ffmpeg's side of it."""
    for path in folder.rglob("*"):
        assert MARK not in str(path.relative_to(folder))
        if path.is_file() and "reelmill.db" not in path.name:
            assert MARK.encode() not in path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_names_no_object(name: str, pipeline: Pipeline, tmp_path: Path) -> None:
    asset = assets.create(
        pipeline.database, pipeline.storage, filename=name, blocks=[b"media"], limit_bytes=99
    )

    kept = pipeline.storage.local_path(source_key(asset.id))

    assert kept is not None
    assert kept.name == "source"
    assert asset.filename == name
    assert_nowhere(tmp_path / "data")


def test_a_hostile_name_that_lies_goes_through_the_whole_product(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    # A transport stream that calls itself a picture sequence: copied, cut, certified.
    honest = make(
        tmp_path / "honest.ts",
        *(*numbered(5), *beeping(5), "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2"),
        *("-g", "25", "-c:a", "aac"),
    )
    path = honest.rename(tmp_path / f"-i {MARK}%03d 'concat:a|b' $(id).png")

    whole = put_through(pipeline, path, SMALL, tmp_path / "whole")

    with pipeline.database.read() as tx:
        asset = assets.need(tx, whole.asset_id)
        assert asset.facts is not None
        assert asset.facts.remuxed_from == "mpegts"
        assert certificates.state(tx, asset) is CertificateState.PASSED
    assert_nowhere(tmp_path / "data")
    assert_nowhere(tmp_path / "whole")
