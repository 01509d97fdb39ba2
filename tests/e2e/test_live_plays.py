"""Real publishers at the real door, watched in a real browser, over everything that may happen."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from pipeline.core import links
from pipeline.services import broadcasts, stream_viewing, streams
from schemas.identity import Playback
from schemas.playback import PlaybackLinkRequest
from schemas.streams import StopRequest, StreamChange
from tests.support.broadcasting import AT, Channel, channel
from tests.support.browsing import VIDEO, complaints_of, faults, state, wait
from tests.support.live_house import LiveHouse, film, live_house, publisher
from tests.support.waiting import wait_until

STATE = "document.getElementById('state').dataset.state"
MODE = "document.getElementById('stage').dataset.mode"
EDGE = f"{VIDEO}.buffered.end({VIDEO}.buffered.length - 1) - {VIDEO}.currentTime"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHouse]:
    with live_house(tmp_path_factory.mktemp("live") / "data", rate_limits="never") as house:
        yield house


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("source") / "source.flv", seconds=60)


@pytest.fixture
def stream(house: LiveHouse) -> Channel:
    return channel(house.pipeline.database)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose scripts do not fail; that something is not there yet is no failure."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    printed = complaints_of(page)
    yield page
    context.close()
    assert faults(printed) == []


@contextmanager
def publishing(house: LiveHouse, stream: Channel, source: Path) -> Iterator[None]:
    """Publish in real time until the block ends, and then be gone without a word."""
    with publisher(source, house.rtmp(stream.secret), is_paced=True) as sending:
        try:
            yield
        finally:
            sending.kill()
            sending.communicate()


def stop(house: LiveHouse, stream: Channel) -> None:
    asked = StopRequest(stream_id=stream.id)
    broadcasts.stop(house.pipeline.database, asked, account="local", owner=None, at=AT)


def plays_on(page: Page, *, by_s: float = 1.5) -> None:
    """Wait until the picture moves; one that was opened anew begins at another time."""
    lowest_s = float("inf")

    def is_moving() -> bool:
        nonlocal lowest_s
        at_s = float(state(page)["at"])
        lowest_s = min(lowest_s, at_s)
        return at_s > lowest_s + by_s

    wait_until(is_moving, timeout_s=30)


def test_a_broadcast_plays_by_flv_with_little_delay_through_a_cut_to_its_end(
    house: LiveHouse, stream: Channel, source: Path, page: Page
) -> None:
    page.goto(f"{house.url}/live/{stream.id}")
    page.get_by_label("Delay").focus()
    page.keyboard.press("ArrowDown")

    with publishing(house, stream, source):
        wait(page, f"{MODE} === 'flv' && {VIDEO}.currentTime > 0.5", 30)
        expect(page.locator("#state")).to_have_text("Live")
        expect(page.locator("#curtain")).to_be_hidden()
        expect(page.locator("#watching")).to_have_text("1 watching", timeout=10_000)
        plays_on(page)
        assert page.evaluate(EDGE) < 3
        page.reload()
        wait(page, f"{MODE} === 'flv' && {VIDEO}.currentTime > 0.5", 30)

    wait(page, f"{STATE} === 'reconnecting'", 15)
    with publishing(house, stream, source):
        wait(page, f"{STATE} === 'live'", 15)
        plays_on(page)
        stop(house, stream)
        wait(page, f"{STATE} === 'ended'", 15)
        expect(page.locator("#curtain")).to_be_visible(timeout=20_000)
        expect(page.locator("#curtain")).to_have_text("The broadcast is over")
        assert state(page)["error"] is None


def test_a_private_broadcast_plays_by_its_link(
    house: LiveHouse, stream: Channel, source: Path, page: Page
) -> None:
    database, key = house.pipeline.database, links.key_of(house.pipeline.secret)
    hidden = StreamChange(playback=Playback.PRIVATE)
    streams.change(database, stream.id, hidden, None, at=AT, owner=None)
    given = stream_viewing.link(database, stream.id, PlaybackLinkRequest(), key=key, owner=None)
    page.goto(f"{house.url}{given.live_url}")
    page.get_by_label("Delay").select_option("flv")

    with publishing(house, stream, source):
        wait(page, f"{MODE} === 'flv' && {VIDEO}.currentTime > 0.5", 30)
        plays_on(page)
    stop(house, stream)


def test_a_browser_that_plays_nothing_by_itself_leaves_it_to_the_viewer(
    house: LiveHouse, stream: Channel, source: Path, page: Page
) -> None:
    # As phones do that save power.
    page.add_init_script("""
        const { play } = HTMLMediaElement.prototype;
        HTMLMediaElement.prototype.play = function () {
          this.autoplay = false;
          const why = new DOMException("not by itself", "NotAllowedError");
          return window.isAsked ? play.call(this) : Promise.reject(why);
        };
        document.addEventListener("DOMContentLoaded", () => {
          document.querySelector("video").autoplay = false;
        });
    """)
    page.goto(f"{house.url}/live/{stream.id}")
    page.get_by_label("Delay").select_option("flv")

    with publishing(house, stream, source):
        expect(page.locator("#state")).to_have_text("Live: press play to watch", timeout=30_000)
        expect(page.locator("#curtain")).to_be_hidden()
        page.evaluate("() => { window.isAsked = true; }")
        page.keyboard.press("k")
        plays_on(page)
        expect(page.locator("#state")).to_have_text("Live")
    stop(house, stream)


def test_flv_that_does_not_play_here_gives_way_to_hls(
    house: LiveHouse, stream: Channel, source: Path, page: Page
) -> None:
    def spoil(route: Route) -> None:
        route.fulfill(status=200, content_type="video/x-flv", body=b"no FLV at all" * 9)

    page.route("**/*.flv", spoil)
    page.goto(f"{house.url}/live/{stream.id}")
    page.get_by_label("Delay").select_option("flv")

    with publishing(house, stream, source):
        wait(page, f"{MODE} === 'hls'", 30)
        expect(page.get_by_label("Delay")).to_have_value("hls")
        expect(page.locator("#notice-text")).to_contain_text("Low delay does not work here")
    stop(house, stream)


def test_a_line_that_was_down_is_none_of_flvs_faults(
    house: LiveHouse, stream: Channel, source: Path, page: Page
) -> None:
    page.goto(f"{house.url}/live/{stream.id}")
    page.get_by_label("Delay").select_option("flv")

    with publishing(house, stream, source):
        wait(page, f"{MODE} === 'flv' && {VIDEO}.currentTime > 0.5", 30)
        page.context.set_offline(True)
        expect(page.locator("#offline")).to_be_visible(timeout=15_000)
        page.context.set_offline(False)
        expect(page.locator("#offline")).to_be_hidden(timeout=15_000)
        wait(page, f"{MODE} === 'flv' && document.getElementById('curtain').hidden", 30)
        plays_on(page)
    stop(house, stream)
