"""Uppy, unmodified, in a real browser, on a site of another origin than the door."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.support.doors import Door, door_of
from tests.support.node import SCRIPTS, package
from tests.support.padded import PaddedFilm, small_clip
from tests.support.page_server import serving_pages
from tests.support.waiting import wait_until

SIZE_BYTES = 4_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(package("uppy") / "dist" / "uppy.min.js", folder)
    for name in ("uppy.html", "uppy.page.js"):
        shutil.copy(SCRIPTS / name, folder)
    with serving_pages(folder) as origin:
        yield origin


@pytest.fixture(scope="module", params=["reference", "embedded", "gunicorn"])
def door(request: pytest.FixtureRequest, site: str) -> Iterator[Door]:
    with door_of(request.param, cors_origins=site) as door:
        yield door


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> PaddedFilm:
    return PaddedFilm(small_clip(tmp_path_factory.mktemp("clip")), SIZE_BYTES)


@pytest.fixture
def source(film: PaddedFilm, tmp_path: Path) -> Path:
    return film.write(tmp_path / "film.mp4")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def open_site(page: Page, site: str, door: Door) -> None:
    # Another address of the same page would not load it again.
    page.goto("about:blank")
    page.goto(f"{site}/uppy.html#{door.url}")


def told(page: Page, name: str) -> str:
    return str(page.evaluate("(name) => document.body.dataset[name] ?? ''", name))


def test_uppy_uploads_from_another_origin(
    page: Page, site: str, door: Door, film: PaddedFilm, source: Path
) -> None:
    open_site(page, site, door)
    page.set_input_files("#pick", source)
    wait_until(lambda: told(page, "done") == "yes", timeout_s=60)

    assert told(page, "error") == ""
    assert door.sha256(told(page, "url")) == film.sha256


def test_uppy_goes_on_after_its_page_was_closed(
    page: Page, site: str, door: Door, film: PaddedFilm, source: Path
) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith(door.url):
            asked.append(request.method)

    page.on("request", note)
    open_site(page, site, door)
    page.set_input_files("#pick", source)
    wait_until(lambda: int(told(page, "sent") or 0) >= SIZE_BYTES // 4, timeout_s=60)
    open_site(page, site, door)
    page.set_input_files("#pick", source)
    wait_until(lambda: told(page, "done") == "yes", timeout_s=60)

    assert told(page, "error") == ""
    assert asked.count("POST") == 1
    assert "HEAD" in asked
    assert door.sha256(told(page, "url")) == film.sha256


def test_uppy_outlives_a_killed_server(
    page: Page, site: str, door: Door, film: PaddedFilm, source: Path
) -> None:
    open_site(page, site, door)
    page.set_input_files("#pick", source)
    wait_until(lambda: int(told(page, "sent") or 0) >= SIZE_BYTES // 4, timeout_s=60)
    door.kill()
    door.start()
    wait_until(lambda: told(page, "done") == "yes", timeout_s=60)

    assert told(page, "error") == ""
    assert door.sha256(told(page, "url")) == film.sha256
