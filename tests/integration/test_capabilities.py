"""What this box can do, tried for real."""

import json
import time
from pathlib import Path

import pytest

from pipeline.core.errors import Unavailable
from pipeline.settings import Settings
from workers.capabilities import measure
from workers.ffmpeg.tools import find


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    measure(settings)
    return settings


def test_encoders_that_encode_are_named(settings: Settings) -> None:
    measured, tools = measure(settings)

    names = {encoder.name for encoder in measured.encoders}
    assert {"libx264", "aac"} <= names
    assert measured.ffmpeg_version
    assert measured.n_cores >= 1
    assert measured.scratch_free_bytes > 0
    assert tools.encoders == tuple(encoder.name for encoder in measured.encoders)
    assert tools.encoder_build == measured.encoder_build
    assert tools.threads >= 1


def test_gpu_encoders_are_named_only_where_they_run(settings: Settings) -> None:
    measured, _ = measure(settings)

    devices = [*Path("/dev").glob("nvidia[0-9]*"), *Path("/dev").glob("dri/renderD*")]
    assert not measured.has_gpu or devices


def test_the_second_start_remembers(settings: Settings) -> None:
    started_at = time.monotonic()

    measure(settings)

    assert time.monotonic() - started_at < 1.0


def test_another_program_is_measured_again(settings: Settings, tmp_path: Path) -> None:
    cache = settings.data_dir / "capabilities.json"
    kept = json.loads(cache.read_text())
    cache.write_text(json.dumps(kept | {"key": "of another build"}))

    measure(settings)

    assert json.loads(cache.read_text())["key"] == kept["key"]


def test_a_broken_cache_is_no_harm(settings: Settings) -> None:
    (settings.data_dir / "capabilities.json").write_text('{"key": 1}')

    assert measure(settings)[0].encoders


def test_an_ffmpeg_that_does_not_run_is_said_so(tmp_path: Path) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/false\n")
    broken.chmod(0o755)

    with pytest.raises(Unavailable) as caught:
        measure(Settings(data_dir=tmp_path, ffmpeg=str(broken)))

    assert caught.value.instance_code == "unavailable.ffmpeg"


def test_a_missing_program_is_named_with_its_setting() -> None:
    with pytest.raises(Unavailable) as caught:
        find(Settings(ffprobe="/nonexistent/ffprobe"))

    assert caught.value.instance_code == "unavailable.ffprobe"
    assert "REELMILL_FFPROBE" in caught.value.remedy
