"""What end-to-end tests share: an embedded house, a short film, a browser, an API by hand."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from pipeline.settings import Settings
from tests.support.browsing import complaints_of, launched
from tests.support.clips import Clips
from tests.support.hand_work import Hand
from tests.support.house import House, running_house
from tests.support.served import Served, serving
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not one for all modules: while it runs, nothing else of the process may run a loop of its own.
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        yield served


@pytest.fixture(scope="module")
def hand(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Hand:
    return Hand(served.pipeline, tmp_path_factory.mktemp("hand"))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test by any error it prints."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    printed = complaints_of(page)
    yield page
    context.close()
    assert printed == []
