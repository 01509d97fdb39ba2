"""A broadcast in the all-in-one form, as viewers see it: live, cut, gone on, over, recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from api.client import Client
from schemas.identity import Playback
from schemas.playback import PlaybackLinkRequest
from schemas.streams import (
    StopRequest,
    StreamChange,
    StreamId,
    StreamKeyRequest,
    StreamRequest,
)
from tests.support.browsing import VIDEO, complaints_of, faults, play, state, wait
from tests.support.clips import Clips
from tests.support.house import House
from tests.support.live_house import publisher
from tests.support.waiting import wait_until

STATE = "document.getElementById('state').dataset.state"
#: Two rungs below the source, so that there is a choice.
PROFILE = {
    "extends": "fast",
    "ladder": [
        {"name": "180p", "height_px": 180, "bitrate_bps": 300_000},
        {"name": "96p", "height_px": 96, "bitrate_bps": 100_000},
    ],
}


@dataclass(frozen=True)
class Stream:
    """A stream of the house, and where to publish to it."""

    id: StreamId
    rtmp_url: str


@pytest.fixture(scope="module")
def source(clips: Clips) -> Path:
    flags = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=90", "-f", "lavfi", "-i", "sine=d=90"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-c:a", "aac"]
    return clips.make("flv", [*flags, *coded]).path


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[Client]:
    with Client(house.url) as client:
        client.put_profile("two-rungs", PROFILE)
        yield client


@pytest.fixture
def stream(house: House, client: Client) -> Stream:
    made = client.streams.create(StreamRequest(title="Talk", profile="two-rungs", grace_s=60))
    key = client.streams.create_key(StreamKeyRequest(stream_id=made.id)).key
    return Stream(made.id, f"rtmp://127.0.0.1:{house.rtmp_port}/live/{key}")


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
def publishing(stream: Stream, source: Path) -> Iterator[None]:
    """Publish in real time until the block ends, and then be gone without a word."""
    with publisher(source, stream.rtmp_url, is_paced=True) as sending:
        try:
            yield
        finally:
            sending.kill()
            sending.communicate()


def plays_on(page: Page, *, by_s: float = 1.5, timeout_s: float = 40) -> None:
    """Wait until the picture moves; one that was opened anew begins at another time."""
    lowest_s = float("inf")

    def is_moving() -> bool:
        nonlocal lowest_s
        at_s = float(state(page)["at"])
        lowest_s = min(lowest_s, at_s)
        return at_s > lowest_s + by_s

    wait_until(is_moving, timeout_s=timeout_s)


def test_a_broadcast_is_watched_to_its_end_and_its_recording_after_it(
    house: House, client: Client, stream: Stream, source: Path, page: Page
) -> None:
    page.goto(f"{house.url}/live/{stream.id}")

    with publishing(stream, source):
        plays_on(page)
        expect(page.locator("#state")).to_have_text("Live")
        expect(page.locator("#watching")).to_have_text("1 watching")
        assert page.get_by_label("Quality").locator("option").all_text_contents() == [
            "Automatic",
            "180p",
            "96p",
        ]
        page.get_by_label("Quality").select_option("96p")
        wait(page, f"{VIDEO}.videoHeight === 96", 30)
        expect(page.locator("#from-start")).to_be_visible(timeout=15_000)
        from_start = page.locator("#from-start").get_attribute("href")

    wait(page, f"{STATE} === 'reconnecting'", 15)
    with publishing(stream, source):
        wait(page, f"{STATE} === 'live'", 15)
        # What was there before the cut has played out by then.
        plays_on(page, by_s=8)
        client.streams.stop(StopRequest(stream_id=stream.id))
        wait(page, f"{STATE} === 'ended'", 15)
        assert state(page)["error"] is None

    recording = page.get_by_role("link", name="Watch the recording")
    expect(recording).to_be_visible(timeout=30_000)
    assert recording.get_attribute("href") == from_start
    recording.click()
    play(page)
    plays_on(page)
    assert state(page)["length"] > 10


def test_a_private_one_plays_by_its_link_and_the_next_one_begins_by_itself(
    house: House, client: Client, stream: Stream, source: Path, page: Page
) -> None:
    client.streams.change(stream.id, StreamChange(playback=Playback.PRIVATE))
    given = client.streams.link(stream.id, PlaybackLinkRequest())
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{house.url}{given.live_url}")

    with publishing(stream, source):
        plays_on(page)
        client.streams.stop(StopRequest(stream_id=stream.id))
    wait(page, f"{STATE} === 'ended'", 15)
    with publishing(stream, source):
        wait(page, f"{STATE} === 'live'", 15)
        expect(page.locator("#state")).to_have_text("Live", timeout=30_000)
        plays_on(page)
    client.streams.stop(StopRequest(stream_id=stream.id))

    media = [url for url in asked if "/media/" in url]
    assert len(media) > 3
    assert all("/~" in url for url in media)
