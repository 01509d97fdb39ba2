"""One embedded house and one short film for all end-to-end tests that need no other."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.settings import Settings
from tests.support.house import House, running_house
from workers.ffmpeg import tools


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running_house(tmp_path_factory.mktemp("data")) as house:
        yield house


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds with sound, under a name that means things to shells and to ffmpeg."""
    path = tmp_path_factory.mktemp("film") / "film: [a] 'b' %d.mp4"
    ffmpeg, _ = tools.find(Settings())
    argv = [
        *("-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30:duration=6"),
        *("-f", "lavfi", "-i", "sine=duration=6", "-c:v", "libx264", "-preset", "ultrafast"),
        *("-c:a", "aac", f"file:{path}"),
    ]
    subprocess.run([ffmpeg, *argv], check=True)
    return path
