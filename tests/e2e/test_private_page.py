"""A private, encrypted film in a real browser: it plays by a link, and by nothing else."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Response

from pipeline.core import links
from pipeline.services import accounts, logins, viewing
from schemas.access import AccountRequest
from schemas.identity import Playback, Role
from schemas.playback import PlaybackLinkRequest, PlaybackLinks
from schemas.vocabulary import AssetId, Encryption, QueueName
from tests.support.browsing import VIDEO, play, state, wait
from tests.support.clips import Clips
from tests.support.films import film
from tests.support.hand_work import SMALL, Hand
from tests.support.served import Served, serving

LOCKED = SMALL.model_copy(update={"name": "locked", "encryption": Encryption.AES_128})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    # Nobody who shows nothing may do anything here.
    with serving(tmp_path_factory.mktemp("data"), anonymous_role="") as served:
        yield served


@pytest.fixture(scope="module")
def source(clips: Clips) -> Path:
    return film(clips)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB").new_page()
    yield page
    page.context.close()


def link_to(served: Served, asset_id: AssetId, seconds: int = 600) -> PlaybackLinks:
    key = links.key_of(served.pipeline.secret)
    asked = PlaybackLinkRequest(expires_in_s=seconds)
    return viewing.link(served.pipeline.database, asset_id, asked, key=key)


def test_a_private_film_plays_by_its_link(
    served: Served, hand: Hand, source: Path, page: Page
) -> None:
    asset_id, _ = hand.submit(source, LOCKED, playback=Playback.PRIVATE)
    hand.work()
    given = link_to(served, asset_id)
    fetched: list[tuple[str, int]] = []
    sent: list[str] = []

    def note(response: Response) -> None:
        fetched.append((urlsplit(response.url).path, response.status))

    def note_sent(request: Request) -> None:
        sent.append(request.headers.get("referer", ""))

    page.on("response", note)
    page.on("request", note_sent)
    page.goto(f"{served.url}{given.watch_url}")
    play(page)
    wait(page, f"{VIDEO}.ended")

    found = state(page)
    assert found["errors"] == 0
    assert found["error"] is None
    assert len(found["buffered"]) == 1
    media = [(path, status) for path, status in fetched if path.startswith("/media/")]
    assert {Path(path).suffix for path, _ in media} >= {".m3u8", ".mp4", ".m4s", ".key", ".jpg"}
    assert all(status in {200, 206} for _, status in fetched if _ != "/favicon.ico")
    # Nothing is asked for without the link, and the link is told to nobody on the way.
    assert all(path.startswith(given.hls_url.removesuffix("/master.m3u8")) for path, _ in media)
    assert [address for address in sent if "~" in address] == []
    assert page.locator("#chapters li").count() == 2


def test_a_growing_private_film_is_followed_by_its_link(
    served: Served, hand: Hand, source: Path, page: Page
) -> None:
    # What other tests left is not in the way then.
    hand.work()
    asset_id, _ = hand.submit(source, LOCKED, playback=Playback.PRIVATE)
    hand.work(QueueName.PROBE)
    hand.work(QueueName.ENCODE_CPU, n_tasks=3)
    page.goto(f"{served.url}{link_to(served, asset_id).watch_url}")
    hand.work()

    wait(page, "document.getElementById('state').dataset.state === 'ready'")
    assert page.locator("#offline").is_hidden()


def test_without_a_link_there_is_no_such_film_and_an_old_one_says_so(
    served: Served, hand: Hand, source: Path, page: Page
) -> None:
    asset_id, _ = hand.submit(source, LOCKED, playback=Playback.PRIVATE)
    given = link_to(served, asset_id)
    viewing.revoke_links(served.pipeline.database, asset_id)

    page.goto(f"{served.url}/watch/{asset_id}")
    assert "There is no such video" in page.locator("h1").inner_text()
    # Whoever may see it once logged in comes back here.
    page.locator("main").get_by_role("link", name="Log in").click()
    assert page.locator("input[name=next]").input_value() == f"/watch/{asset_id}"
    page.goto(f"{served.url}{given.watch_url}")
    assert "revoked" in page.locator("h1").inner_text()


def test_a_page_whose_link_is_revoked_says_so(
    served: Served, hand: Hand, source: Path, page: Page
) -> None:
    asset_id, _ = hand.submit(source, LOCKED, playback=Playback.PRIVATE)
    hand.work(QueueName.PROBE)
    page.goto(f"{served.url}{link_to(served, asset_id).watch_url}")
    viewing.revoke_links(served.pipeline.database, asset_id)

    wait(page, "!document.getElementById('notice').hidden")
    assert "This link was revoked" in page.locator("#notice-text").inner_text()


def test_a_film_whose_link_is_revoked_while_it_plays_stops_with_words(
    served: Served, hand: Hand, source: Path, page: Page
) -> None:
    # What other tests left is not in the way then.
    hand.work()
    asset_id, _ = hand.submit(source, LOCKED, playback=Playback.PRIVATE)
    hand.work(QueueName.PROBE)
    hand.work(QueueName.ENCODE_CPU, n_tasks=3)
    page.goto(f"{served.url}{link_to(served, asset_id).watch_url}")
    wait(page, f"{VIDEO}.readyState >= 2")

    # The playlist grows, so the player asks for it again, and again.
    viewing.revoke_links(served.pipeline.database, asset_id)

    wait(page, "!document.getElementById('notice').hidden")
    assert "This link was revoked" in page.locator("#notice-text").inner_text()
    assert page.locator("#again").is_hidden()


def test_its_owner_watches_without_a_link_once_logged_in(
    served: Served, hand: Hand, source: Path, page: Page
) -> None:
    asset_id, _ = hand.submit(source, LOCKED, playback=Playback.PRIVATE)
    hand.work()
    database = served.pipeline.database
    # An operator: what was handed in by hand belongs to the built-in account.
    owner = accounts.create(database, AccountRequest(name="kim", role=Role.OPERATOR))
    cookie = logins.open_cookie(database, owner.id, life_s=600)
    page.context.add_cookies([{"name": "reelmill_session", "value": cookie, "url": served.url}])

    page.goto(f"{served.url}/watch/{asset_id}")
    play(page)
    wait(page, f"{VIDEO}.ended")

    assert state(page)["errors"] == 0
