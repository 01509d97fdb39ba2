"""Hostile texts in every field that is shown: a real browser runs none of them on any page."""

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Error, Page

from schemas.edits import AssetPatch
from schemas.media import Chapter
from schemas.profile import AudioWish
from schemas.vocabulary import AssetId
from tests.support.browsing import wait
from tests.support.clips import Clips
from tests.support.hand_work import SMALL, Hand
from tests.support.payloads import PAYLOADS
from tests.support.served import Served

N_SOUNDS = 8
#: As much of a title as is kept.
TITLE_LENGTH = 250
PAGES = (
    "/watch/{id}",
    "/",
    "/live",
    "/api/assets/{id}",
    "/api/assets",
    "/api/jobs/{job}",
    "/api/profiles",
    "/api/docs",
    "/media/{id}/master.m3u8",
    "/media/{id}/manifest.mpd",
    "/media/{id}/chapters.vtt",
)
#: Reflected: the text comes with the request itself.
REFLECTING = (
    "/watch/{text}",
    "/watch/{id}?t={text}",
    "/live/{text}",
    "/live/x/~{text}",
    "/login?next={text}",
    "/api/profiles/{text}",
    "/api/jobs?{text}={text}",
    "/api/assets?cursor={text}",
    "/media/{id}/{text}",
    "/api/docs?{text}#{text}",
    "/{text}",
)
HEAVY = ("/api/docs?{text}#{text}", "/watch/{id}?t={text}")


class Watched:
    """A page that counts what runs, and what only the policy kept from running."""

    def __init__(self, browser: Browser) -> None:
        self.runs: list[str] = []
        self._context = browser.new_context(locale="en-GB")
        self._context.expose_function("hit", lambda: self.runs.append(self.page.url))
        self.page: Page = self._context.new_page()
        self.page.on("dialog", lambda dialog: (self.runs.append(dialog.message), dialog.dismiss()))
        self.page.on("console", lambda message: self._note(message.text))
        self.page.on("pageerror", lambda error: self.runs.append(str(error)))

    def _note(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.runs.append(text)

    def look(self, url: str) -> None:
        """Open an address and do what might wake a handler."""
        try:
            self.page.goto(url, wait_until="load")
        except Error as error:
            # What no browser shows it puts into a file, where nothing runs either.
            assert "Download is starting" in error.message, url  # noqa: PT017
        self.page.mouse.move(50, 50)
        self.page.keyboard.press("Tab")

    def close(self) -> None:
        self._context.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    watched = Watched(browser)
    yield watched
    watched.close()
    assert watched.runs == []


@pytest.fixture(scope="module")
def hostile(served: Served, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """An asset that plays, whose sounds and chapters are named by hostile texts."""
    folder = tmp_path_factory.mktemp("hostile")
    titles = [" ".join(PAYLOADS[number::N_SOUNDS])[:TITLE_LENGTH] for number in range(N_SOUNDS)]
    picture = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4"]
    tones = [
        word
        for n in range(N_SOUNDS)
        for word in ("-f", "lavfi", "-i", f"sine=f={300 + 50 * n}:d=4")
    ]
    maps = [word for n in range(N_SOUNDS + 1) for word in ("-map", str(n))]
    names = [
        word for n, title in enumerate(titles) for word in (f"-metadata:s:a:{n}", f"title={title}")
    ]
    clip = Clips(folder).make(
        "mkv", [*picture, *tones, *maps, *names, "-c:v", "libx264", "-c:a", "aac"]
    )
    hand = Hand(served.pipeline, tmp_path_factory.mktemp("hand"))
    audio = AudioWish(bitrate_bps=64_000)
    asset_id, job_id = hand.submit(clip.path, SMALL.model_copy(update={"audio": audio}))
    hand.work()
    return asset_id, job_id


def name_everything(served: Served, asset_id: str, text: str) -> None:
    """Put a text into what people and files say of an asset."""
    patch = AssetPatch(filename=text, metadata={text.replace("\0", "")[:90]: text})
    served.client.change_asset(AssetId(asset_id), patch)
    with served.pipeline.database.write() as tx:
        row = tx.assets.get(AssetId(asset_id))
        assert row is not None
        assert row.facts is not None
        chapter = Chapter(start_s="0", end_s="4", title=text)
        tx.assets.set_facts(row.id, row.facts.model_copy(update={"chapters": (chapter,)}))
        error = {"code": text, "detail": text, "remedy": text}
        tx.assets.set_error(row.id, error)


def test_a_page_that_takes_text_for_markup_is_caught(browser: Browser) -> None:
    watched = Watched(browser)
    caught = 0
    for text in PAYLOADS:
        watched.page.set_content(f"<p title='{text}'>{text}</p><textarea>{text}</textarea>")
        watched.page.wait_for_timeout(20)
        caught += bool(watched.runs)
        watched.runs.clear()
    watched.close()

    assert caught >= 20


def test_what_is_stored_runs_nowhere(
    served: Served, hostile: tuple[str, str], watched: Watched
) -> None:
    asset_id, job_id = hostile
    for number, text in enumerate(PAYLOADS):
        name_everything(served, asset_id, text)
        served.client.put_profile("shown", {"extends": "fast", "description": text[:300]})
        # Every page at first, afterwards those that show the text anew.
        for page in PAGES if number < 2 else PAGES[:3]:
            watched.look(f"{served.url}{page.format(id=asset_id, job=job_id)}")
            assert watched.runs == [], (text, page)


def test_what_is_stored_is_shown_as_it_is(
    served: Served, hostile: tuple[str, str], watched: Watched
) -> None:
    asset_id, _ = hostile
    text = "<img src=x onerror=hit()>\" '&amp;"
    name_everything(served, asset_id, text)

    watched.look(f"{served.url}/watch/{asset_id}")
    wait(watched.page, "!document.getElementById('sound-box').hidden")

    assert watched.page.locator("h1").inner_text() == text
    assert text in watched.page.title()
    assert text in watched.page.locator("#chapters").inner_text()
    sounds = watched.page.locator("#sound option").all_text_contents()
    assert len(sounds) == N_SOUNDS
    assert any("<script>hit()</script>" in each for each in sounds)


@pytest.mark.parametrize("page", REFLECTING)
def test_what_comes_with_the_request_runs_nowhere(
    served: Served, hostile: tuple[str, str], watched: Watched, page: str
) -> None:
    # Large pages that reflect nothing get some of them.
    for text in PAYLOADS[:: 8 if page in HEAVY else 1]:
        address = page.format(id=hostile[0], text=quote(text, safe=""))
        watched.look(f"{served.url}{address}")
        assert watched.runs == [], text


def test_no_answer_lets_a_browser_guess_what_it_is(
    served: Served, hostile: tuple[str, str]
) -> None:
    for page in PAGES:
        answer = httpx.get(f"{served.url}{page.format(id=hostile[0], job=hostile[1])}")
        assert answer.headers["X-Content-Type-Options"] == "nosniff", page
        assert "html" not in answer.headers["Content-Type"] or page in {*PAGES[:3], "/api/docs"}
