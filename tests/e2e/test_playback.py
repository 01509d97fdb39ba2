"""The watch page in a real browser: it plays, seeks over seams, grows, and says what goes on."""

import json

import pytest
from playwright.sync_api import Browser, Page

from schemas.vocabulary import Encryption, QueueName
from tests.support.browsing import VIDEO, play, state, wait
from tests.support.clips import Clip, Clips
from tests.support.hand_work import SMALL, Hand
from tests.support.served import Served

SECONDS = 14


@pytest.fixture(scope="module")
def clip(clips: Clips) -> Clip:
    return clips.constant("30000/1001", seconds=SECONDS, audio=("-c:a", "aac"))


@pytest.mark.parametrize("encryption", [None, Encryption.AES_128])
def test_a_finished_asset_plays_without_a_gap_and_seeks_over_seams(
    encryption: Encryption | None, served: Served, hand: Hand, clip: Clip, page: Page
) -> None:
    asset_id, _ = hand.submit(clip.path, SMALL.model_copy(update={"encryption": encryption}))
    hand.work()
    page.goto(f"{served.url}/watch/{asset_id}")

    play(page)
    wait(page, f"{VIDEO}.currentTime > 3")
    # Seams lie at 2 s and every 4 s or so after it.
    for target_s in (1.9, 5.9, 9.9, 0.5):
        page.evaluate("(t) => { document.querySelector('video').currentTime = t; }", target_s)
        wait(page, f"{VIDEO}.currentTime > {target_s + 0.6}")
    page.evaluate(f"() => {{ {VIDEO}.playbackRate = 4; }}")
    wait(page, f"{VIDEO}.ended")

    found = state(page)
    assert "object at" not in page.content()
    assert found["errors"] == 0
    assert found["error"] is None
    assert len(found["buffered"]) == 1
    assert found["buffered"][0][0] < 0.05
    assert found["length"] == pytest.approx(SECONDS, abs=0.06)


def test_a_growing_asset_starts_at_its_beginning_and_ends_without_reloading_the_page(
    served: Served, hand: Hand, clip: Clip, page: Page
) -> None:
    asset_id, _ = hand.submit(clip.path)
    page.goto(f"{served.url}/watch/{asset_id}")
    assert page.locator("#state").get_attribute("data-state") == "processing"

    hand.work(QueueName.PROBE)
    hand.work(QueueName.ENCODE_CPU, n_tasks=2)
    wait(page, "document.getElementById('state').dataset.state === 'playable'")
    play(page)
    wait(page, f"{VIDEO}.currentTime > 0.5")
    assert state(page)["length"] < SECONDS - 1

    hand.work()
    wait(page, "document.getElementById('state').dataset.state === 'ready'")
    page.evaluate(f"() => {{ {VIDEO}.playbackRate = 4; }}")
    wait(page, f"{VIDEO}.ended", timeout_s=40)

    found = state(page)
    assert found["errors"] == 0
    assert len(found["buffered"]) == 1
    assert found["length"] == pytest.approx(SECONDS, abs=0.06)
    assert page.locator("#whole").evaluate("(bar) => bar.value") == pytest.approx(1)


def test_the_page_obeys_keys_and_tells_the_quality_levels(
    served: Served, hand: Hand, clip: Clip, page: Page
) -> None:
    asset_id, _ = hand.submit(clip.path)
    hand.work()
    page.goto(f"{served.url}/watch/{asset_id}")
    wait(page, f"{VIDEO}.readyState >= 2")

    page.keyboard.press("m")
    assert page.evaluate(f"{VIDEO}.muted")
    page.keyboard.press("k")
    wait(page, f"!{VIDEO}.paused")
    page.keyboard.press("l")
    wait(page, f"{VIDEO}.currentTime >= 10")
    page.keyboard.press("k")
    wait(page, f"{VIDEO}.paused")
    # Back, because a level changes with the next segment, and the end has none.
    page.keyboard.press("j")
    wait(page, f"{VIDEO}.currentTime < 6")

    options = page.locator("#quality option").all_text_contents()
    assert options == ["Automatic", "180p", "96p"]
    page.locator("#quality").select_option("96p")
    page.locator("h1").click()
    page.keyboard.press("k")
    wait(page, f"{VIDEO}.videoHeight === 96")


def test_a_korean_viewer_on_a_phone_reads_korean_and_sees_no_sideways_scrolling(
    served: Served, hand: Hand, clip: Clip, browser: Browser
) -> None:
    asset_id, _ = hand.submit(clip.path)
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, locale="ko-KR", has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(f"{served.url}/watch/{asset_id}")

    assert page.locator("html").get_attribute("lang") == "ko"
    assert "준비" in page.locator("#state").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_a_missing_asset_has_a_page_of_its_own(served: Served, browser: Browser) -> None:
    page = browser.new_page(locale="en-GB")
    answer = page.goto(f"{served.url}/watch/nothing")

    assert answer is not None
    assert answer.status == 404
    assert "There is no such video" in page.locator("h1").inner_text()
    page.close()


def test_the_page_runs_nothing_from_elsewhere_and_nothing_inline(
    served: Served, hand: Hand, clip: Clip
) -> None:
    asset_id, _ = hand.submit(
        clip.path.rename(clip.path.with_name("<img src=x onerror=alert(1)>.mp4"))
    )
    answer = served.client._http.get(f"{served.url}/watch/{asset_id}")

    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "<img" not in answer.text
    assert json.loads(answer.text.split('id="watch-data">')[1].split("</script>")[0])["asset_id"]
