"""The live page says how a stream stands, by itself, to those who may know; nothing plays here."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from pipeline.core import links
from pipeline.database.streams import Touch
from pipeline.services import accounts, logins, sessions, stream_viewing, streams
from schemas.access import AccountRequest
from schemas.identity import Playback, Role
from schemas.playback import PlaybackLinkRequest
from schemas.streams import StreamChange, StreamId
from tests.support.broadcasting import AT, Channel, channel, publish
from tests.support.browsing import complaints_of, faults, wait
from tests.support.payloads import PAYLOADS
from tests.support.served import Served, serving

STATE = "document.getElementById('state').dataset.state"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    # Nobody who shows nothing may do anything here.
    with serving(tmp_path_factory.mktemp("data"), anonymous_role="") as served:
        yield served


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose scripts do not fail, whatever is not there to be played."""
    page = context.new_page()
    printed = complaints_of(page)
    yield page
    assert faults(printed) == []


@pytest.fixture
def stream(served: Served) -> Channel:
    return channel(served.pipeline.database)


def change(served: Served, stream_id: StreamId, **values: object) -> None:
    wished = StreamChange.model_validate(values)
    streams.change(served.pipeline.database, stream_id, wished, None, at=AT, owner=None)


def goes_to(page: Page, state: str) -> None:
    wait(page, f"{STATE} === '{state}'")


@pytest.mark.parametrize("has_seat", [True, False])
def test_it_follows_a_broadcast_from_its_announcement_to_its_end(
    *, has_seat: bool, served: Served, stream: Channel, page: Page
) -> None:
    database = served.pipeline.database
    if not has_seat:
        page.route_web_socket("**/stats/events*", lambda socket: socket.close())
    change(served, stream.id, scheduled_for="2031-02-03T18:00:00Z")
    page.goto(f"{served.url}/live/{stream.id}")
    expect(page.locator("#state")).to_have_text("Not live yet")
    expect(page.locator("#when")).to_contain_text("3 February 2031")
    expect(page.locator("#waits")).to_be_visible()

    session = publish(database, stream.secret)
    goes_to(page, "live")
    expect(page.locator("#state")).to_contain_text("first picture is on its way")
    expect(page.locator("#when")).to_contain_text("since")
    expect(page.locator("#watching")).to_be_visible()

    sessions.drop_session(database, session.id, epoch=session.epoch)
    goes_to(page, "reconnecting")
    expect(page.locator("#state")).to_contain_text("it goes on by itself")

    publish(database, stream.secret, holder="h2")
    goes_to(page, "live")

    sessions.close_session(database, session.id)
    goes_to(page, "ended")
    expect(page.locator("#state")).to_have_text("The broadcast is over")
    expect(page.locator("#watching")).to_be_hidden()


def test_a_private_stream_is_its_owners_who_is_led_to_the_login(
    served: Served, stream: Channel, context: BrowserContext, page: Page
) -> None:
    change(served, stream.id, playback=Playback.PRIVATE)
    database = served.pipeline.database
    address = f"{served.url}/live/{stream.id}"

    answer = page.goto(address)

    assert answer is not None
    assert answer.status == 404
    page.locator("main").get_by_role("link", name="Log in").click()
    assert page.locator("input[name=next]").input_value() == f"/live/{stream.id}"

    owner = accounts.create(database, AccountRequest(name="kim", role=Role.OPERATOR))
    cookie = logins.open_cookie(database, owner.id, life_s=600)
    context.add_cookies([{"name": "reelmill_session", "value": cookie, "url": served.url}])
    answer = page.goto(address)
    expect(page.locator("h1")).to_have_text("Talk")
    expect(page.get_by_role("link", name="Account")).to_be_visible()
    assert answer is not None
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_link_opens_a_private_stream_until_it_is_revoked(
    served: Served, stream: Channel, page: Page
) -> None:
    change(served, stream.id, playback=Playback.PRIVATE)
    database, key = served.pipeline.database, links.key_of(served.pipeline.secret)
    given = stream_viewing.link(database, stream.id, PlaybackLinkRequest(), key=key, owner=None)
    asked: list[str] = []
    sent: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("request", lambda request: sent.append(request.headers.get("referer", "")))

    page.goto(f"{served.url}{given.live_url}")
    publish(database, stream.secret)
    goes_to(page, "live")
    wait(page, "document.getElementById('stage').dataset.mode === 'hls'")
    stream_viewing.revoke_links(database, stream.id, owner=None)

    expect(page.locator("#notice-text")).to_contain_text("This link was revoked", timeout=10_000)
    of_stream = [url for url in asked if "/live/" in url and "/static/" not in url]
    assert all(given.live_url in url for url in of_stream)
    assert f"{served.url}{given.hls_url}" in of_stream
    # Who has the link may watch: it is told to nobody on the way.
    assert [address for address in sent if "~" in address] == []


def test_a_stream_that_is_deleted_leaves_words(served: Served, stream: Channel, page: Page) -> None:
    page.goto(f"{served.url}/live/{stream.id}")
    streams.delete(served.pipeline.database, stream.id, owner=None)

    expect(page.locator("#notice-text")).to_contain_text("There is no such", timeout=10_000)


def test_the_list_shows_who_is_live_as_they_come_and_go(
    served: Served, stream: Channel, page: Page
) -> None:
    database = served.pipeline.database
    page.goto(f"{served.url}/live")
    tile = page.locator(f"li[data-id='{stream.id}'] a")
    expect(tile).to_have_count(0)

    session = publish(database, stream.secret)
    expect(tile).to_be_visible(timeout=10_000)
    tile.focus()
    change(served, stream.id, title="Other")
    expect(tile).to_contain_text("Other", timeout=10_000)
    expect(tile).to_be_focused()
    tile.press("Enter")
    page.wait_for_url(f"**/live/{stream.id}")
    page.go_back()

    sessions.close_session(database, session.id)
    expect(tile).to_have_count(0, timeout=10_000)


def test_hostile_titles_run_nowhere(served: Served, stream: Channel, browser: Browser) -> None:
    runs: list[str] = []
    context = browser.new_context(locale="en-GB")
    context.expose_function("hit", lambda: runs.append("hit"))
    page = context.new_page()
    page.on("dialog", lambda dialog: (runs.append(dialog.message), dialog.dismiss()))
    printed = complaints_of(page)
    publish(served.pipeline.database, stream.secret)
    for text in PAYLOADS[::4]:
        line = "".join(sign for sign in text if sign.isprintable())[:255] or "-"
        change(served, stream.id, title=line, description=text.replace("\0", "")[:5000])
        page.goto(f"{served.url}/live/{stream.id}")
        assert page.locator("h1").text_content() == line
        page.goto(f"{served.url}/live")
        expect(page.locator(f"li[data-id='{stream.id}'] .name")).to_have_text(line)
    context.close()
    assert runs == []
    assert [text for text in printed if "Content Security Policy" in text] == []


@pytest.mark.parametrize("path", ["/", "/live", "/live/{id}", "/live/nothing"])
def test_korean_pages_fit_a_narrow_phone_and_are_walked_by_keyboard(
    served: Served, stream: Channel, browser: Browser, path: str
) -> None:
    change(served, stream.id, title="한국어 제목 " + "x" * 200)
    publish(served.pipeline.database, stream.secret)
    context = browser.new_context(
        viewport={"width": 320, "height": 640}, locale="ko-KR", has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(f"{served.url}{path.format(id=stream.id)}")

    assert page.locator("html").get_attribute("lang") == "ko"
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("banner").count() == 1
    assert page.get_by_role("navigation").count() >= 1
    assert page.get_by_role("heading", level=1).count() == 1
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    assert skip.bounding_box()
    # What can be chosen has a name for those who cannot see it.
    named = "(one) => Boolean(one.labels?.length || one.textContent.trim() || one.ariaLabel)"
    for control in page.locator("button, select, input, video, main a").all():
        assert control.evaluate(named), control.evaluate("(one) => one.outerHTML")
    context.close()


def test_the_page_may_fetch_from_the_door_that_has_the_stream(
    served: Served, stream: Channel
) -> None:
    session = publish(served.pipeline.database, stream.secret)

    def policy(public_url: str) -> str:
        facts = {"public_url": public_url}
        told = Touch(session.id, session.epoch, 1, is_alive=True, facts=facts)
        sessions.touch_sessions(served.pipeline.database, [told], lease_s=60)
        answer = httpx.get(f"{served.url}/live/{stream.id}")
        return answer.headers["Content-Security-Policy"]

    assert "connect-src 'self' https://door-1.example:8081;" in policy(
        "https://door-1.example:8081/flv"
    )
    assert "connect-src 'self';" in policy("https://x; script-src *")
    assert "connect-src 'self';" in policy("")


def test_without_scripts_the_page_tells_the_address(
    served: Served, stream: Channel, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{served.url}/live/{stream.id}")

    assert f"/live/{stream.id}/master.m3u8" in page.locator("noscript").inner_text()
    assert page.locator("#state").inner_text() == "Not live yet"
    context.close()
