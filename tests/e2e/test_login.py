"""A house that asks for credentials: its login link and page in a real browser, its commands."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
)

from compose.cli.exits import Exit
from tests.support.house import House, reelmill, running_house
from tests.support.waiting import wait_until

PASSWORD = "네 마리 오리가 정오에"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running_house(tmp_path_factory.mktemp("guarded"), anonymous_role="") as house:
        yield house


@pytest.fixture(scope="module")
def complaints() -> Iterator[list[str]]:
    """What browsers complained of: scripts that failed, what the page's own policy refused."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def fresh(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-US")
    yield context
    context.close()


@pytest.fixture
def page(fresh: BrowserContext, complaints: list[str]) -> Page:
    return watched(fresh.new_page(), complaints)


def watched(page: Page, complaints: list[str]) -> Page:
    """Note what the browser complains of."""
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(message.text)

    page.on("console", hear)
    return page


def link_of(house: House) -> str:
    wait_until(lambda: "/login#ticket=" in house.said, timeout_s=30)
    found = re.search(r"http://\S+/login#ticket=\S+", house.said)
    assert found is not None
    return found[0]


def account(house: House, *arguments: object, typed: str = "") -> str:
    ended = reelmill("account", *arguments, "--data", house.data_dir, typed=typed)
    assert ended.code == Exit.OK, ended.err
    return ended.out


def focus(page: Page, name: str) -> None:
    """Walk to something by the tab key alone."""
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"the tab key does not lead to {name}")


def test_the_printed_link_logs_one_browser_in_once(
    guarded: House, page: Page, browser: Browser, complaints: list[str]
) -> None:
    link = link_of(guarded)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(link)

    expect(page.get_by_role("heading", name="You are logged in")).to_be_visible()
    expect(page.get_by_text("As local (admin)")).to_be_visible()
    assert page.url == f"{guarded.url}/"
    ticket = link.partition("#ticket=")[2]
    assert ticket not in page.url
    # The part behind # is sent to nobody.
    assert [url for url in asked if ticket in url.partition("#")[0]] == []
    assert page.evaluate("fetch('/api/queues').then((answer) => answer.status)") == 200
    assert page.evaluate("document.cookie") == ""

    other = watched(browser.new_context(locale="en-US").new_page(), complaints)
    other.goto(link)
    expect(other.get_by_role("alert")).to_contain_text("This link was used or is too old")
    assert other.evaluate("fetch('/api/queues').then((answer) => answer.status)") == 401
    other.context.close()


def test_a_person_logs_in_by_keyboard_and_out_again(guarded: House, page: Page) -> None:
    account(guarded, "add", "kim", "--role", "operator", "--password-stdin", typed=PASSWORD)
    page.goto(f"{guarded.url}/login?next=/api/queues")
    expect(page.get_by_label("Name")).to_be_focused()

    page.keyboard.type("kim")
    page.keyboard.press("Tab")
    page.keyboard.insert_text("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Name and password do not go together")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.insert_text(PASSWORD)
    page.keyboard.press("Enter")

    page.wait_for_url("**/api/queues")
    page.goto(guarded.url)
    expect(page.get_by_text("As kim (operator)")).to_be_visible()
    focus(page, "Log out")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_be_visible()
    assert page.evaluate("fetch('/api/queues').then((answer) => answer.status)") == 401


def test_a_page_may_write_as_its_visitor(guarded: House, page: Page) -> None:
    account(guarded, "add", "lee", "--no-password")
    page.goto(account(guarded, "link", "lee").strip())
    expect(page.get_by_role("heading", name="You are logged in")).to_be_visible()

    upload = "fetch('/api/assets?filename=a.mp4', {method: 'POST', body: 'x'}).then(a => a.status)"

    assert page.evaluate(upload) == 201
    assert page.evaluate("fetch('/api/accounts').then((answer) => answer.status)") == 403


def test_the_page_speaks_korean_and_fits_a_phone(
    guarded: House, browser: Browser, complaints: list[str]
) -> None:
    context = browser.new_context(locale="ko-KR", viewport={"width": 360, "height": 640})
    page = watched(context.new_page(), complaints)

    page.goto(f"{guarded.url}/login")

    expect(page.get_by_role("button")).to_have_text("로그인")
    assert page.locator("html").get_attribute("lang") == "ko"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    height = page.get_by_role("button").bounding_box()
    assert height is not None
    assert height["height"] >= 44
    context.close()


def test_without_scripts_the_form_works(guarded: House, browser: Browser) -> None:
    account(guarded, "add", "park", "--password-stdin", typed=PASSWORD)
    context = browser.new_context(java_script_enabled=False, locale="en-US")
    page = context.new_page()
    page.goto(f"{guarded.url}/login")

    page.get_by_label("Name").fill("park")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").click()

    expect(page.get_by_text("As park (creator)")).to_be_visible()
    context.close()


def test_commands_on_the_same_data_folder_need_no_ceremony(guarded: House) -> None:
    here = {"REELMILL_DATA_DIR": guarded.data_dir}

    known = reelmill("queues", "--json", "--server", guarded.url, **here)
    by_name = guarded.url.replace("127.0.0.1", "localhost")
    named = reelmill("jobs", "list", "--json", "--server", by_name, **here)
    stranger = reelmill("queues", "--server", guarded.url)

    assert known.code == Exit.OK, known.err
    assert named.code == Exit.OK, named.err
    assert stranger.code == Exit.REFUSED
    assert "[auth.required]" in stranger.err
    for name in ("cli.key", "secret", "reelmill.db", "reelmill.db-wal"):
        mode = (guarded.data_dir / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600, name


def test_the_houses_key_is_shown_to_no_other_server(guarded: House) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    seen: list[str | None] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization"))
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        reelmill("queues", "--server", url, REELMILL_DATA_DIR=guarded.data_dir)
        server.shutdown()

    assert seen == [None]


def test_a_key_is_made_used_and_revoked_on_the_command_line(guarded: House, tmp_path: Path) -> None:
    data = ("--data", guarded.data_dir)
    made = reelmill("key", "add", "script", "--scope", "fleet:read", "--json", *data).json
    (tmp_path / "key").write_text(f"{made['key']}\n")

    by_file = reelmill("--key-file", tmp_path / "key", "queues", "--server", guarded.url)
    by_env = reelmill("queues", "--server", guarded.url, REELMILL_API_KEY=made["key"])
    beyond = reelmill("jobs", "list", "--server", guarded.url, REELMILL_API_KEY=made["key"])
    listed = reelmill("key", "list", *data)
    revoked = reelmill("key", "revoke", made["id"], "--json", *data)
    after = reelmill("queues", "--server", guarded.url, REELMILL_API_KEY=made["key"])
    missing = reelmill("--key-file", tmp_path / "none", "queues", "--server", guarded.url)

    assert (by_file.code, by_env.code) == (Exit.OK, Exit.OK)
    assert (beyond.code, "[auth.forbidden]" in beyond.err) == (Exit.REFUSED, True)
    assert made["prefix"] in listed.out
    assert made["key"] not in listed.out
    assert revoked.json == {"revoked": made["id"]}
    assert (after.code, "[auth.key_ended]" in after.err) == (Exit.REFUSED, True)
    assert missing.code == Exit.USAGE


def test_accounts_are_kept_on_the_command_line(guarded: House) -> None:
    data = ("--data", guarded.data_dir)
    made = reelmill("account", "add", "choi", "--no-password", "--stored-bytes", 5, "--json", *data)
    assert made.json["quotas"]["stored_bytes"] == 5
    again = reelmill("account", "add", "choi", "--no-password", *data)
    short = reelmill("account", "password", "choi", "--password-stdin", *data, typed="short")
    password = reelmill("account", "password", "choi", "--password-stdin", *data, typed=PASSWORD)

    asked = {"name": "choi", "password": PASSWORD}
    pair = httpx.post(f"{guarded.url}/api/auth/token", json=asked).json()
    shown = {"Authorization": f"Bearer {pair['access_token']}"}
    assert httpx.get(f"{guarded.url}/api/auth/me", headers=shown).json()["name"] == "choi"
    disabled = reelmill("account", "disable", "choi", "--json", *data)
    assert httpx.get(f"{guarded.url}/api/auth/me", headers=shown).status_code == 401
    unsure = reelmill("account", "remove", "choi", *data)
    removed = reelmill("account", "remove", "choi", "--yes", *data)
    gone = reelmill("account", "remove", "choi", "--yes", *data)

    assert (again.code, "[account.name_taken]" in again.err) == (Exit.REFUSED, True)
    assert short.code == Exit.USAGE
    assert (unsure.code, "--yes" in unsure.err) == (Exit.USAGE, True)
    assert (password.code, removed.code) == (Exit.OK, Exit.OK)
    assert disabled.json["is_disabled"]
    assert (gone.code, "[account.not_found]" in gone.err) == (Exit.REFUSED, True)
    assert PASSWORD not in password.out + password.err
    assert '"local"' in reelmill("account", "list", "--json", *data).out


def test_no_house_that_others_can_reach_lets_everybody_in(tmp_path: Path) -> None:
    ended = reelmill(
        *("up", "--data", tmp_path, "--port", "0", "--host", "0.0.0.0"),
        REELMILL_ANONYMOUS_ROLE="viewer",
    )

    assert (ended.code, "[config.unsafe]" in ended.err) == (Exit.USAGE, True)
    assert not (tmp_path / "reelmill.db").exists()


@pytest.mark.parametrize("secret", ["changeme", "secret" * 8, "0" * 64])
def test_nothing_starts_with_a_weak_secret(tmp_path: Path, secret: str) -> None:
    ended = reelmill("up", "--data", tmp_path, "--port", "0", REELMILL_SECRET=secret)

    assert (ended.code, "[config.invalid]" in ended.err) == (Exit.USAGE, True)
    assert "REELMILL_SECRET" in ended.err
    assert secret not in ended.err
