"""The page of documentation in a real browser: whole, quiet, readable on a phone, in Korean."""

import itertools
import re

import httpx
from playwright.sync_api import Browser

from pipeline.messages import catalogue
from tests.support.served import Served


def test_it_has_every_operation_schema_and_code(served: Served, browser: Browser) -> None:
    description = httpx.get(f"{served.url}/api/openapi.json").json()
    printed: list[str] = []
    page = browser.new_page(locale="en-GB")
    page.on("console", lambda message: printed.append(message.text))
    page.goto(f"{served.url}/api/docs")
    ids = set(page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)"))
    targets = page.evaluate("[...document.links].map((each) => each.getAttribute('href'))")

    operations = [
        said["operationId"] for item in description["paths"].values() for said in item.values()
    ]
    assert ids >= set(operations)
    assert ids >= {f"schema-{name}" for name in description["components"]["schemas"]}
    assert ids >= {f"code-{code}" for code in catalogue()}
    assert [each for each in targets if each.startswith("#") and each[1:] not in ids] == []
    assert printed == []
    page.close()


def test_the_type_of_an_error_leads_to_its_words(served: Served, browser: Browser) -> None:
    problem = httpx.get(f"{served.url}/api/jobs/nothing").json()
    page = browser.new_page(locale="en-GB")
    page.goto(f"{served.url}{problem['type']}")

    shown = page.locator(":target")
    assert problem["title"] in shown.inner_text()
    assert problem["cause"].replace("`", "") in shown.inner_text()
    page.close()


def test_a_korean_reader_on_a_phone_sees_no_sideways_scrolling(
    served: Served, browser: Browser
) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, locale="ko-KR", has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(f"{served.url}/api/docs")

    assert page.locator("html").get_attribute("lang") == "ko"
    assert "오류 코드" in page.locator("#codes-title").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    headings = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => h.tagName)")
    assert headings[0] == "H1"
    # No level is left out on the way down.
    assert all(
        int(after[1]) - int(before[1]) <= 1 for before, after in itertools.pairwise(headings)
    )
    context.close()


def test_nothing_of_it_runs_or_comes_from_elsewhere(served: Served) -> None:
    answer = httpx.get(f"{served.url}/api/docs")

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
    assert re.findall(r"(?:src|href)=.https?:", answer.text) == []
