"""The watch page offers what a film has: sounds, subtitles, chapters; and plays sound alone."""

import pytest
from playwright.sync_api import Page

from schemas.profile import AudioWish
from tests.support.browsing import VIDEO, play, state, wait
from tests.support.clips import Clips
from tests.support.films import film
from tests.support.hand_work import SMALL, Hand
from tests.support.served import Served

PROFILE = SMALL.model_copy(update={"audio": AudioWish(surround=True)})
SHOWN = """[...document.querySelector('video').textTracks]
  .filter((track) => track.mode === 'showing')
  .flatMap((track) => [...(track.activeCues ?? [])].map((cue) => cue.text)).join('|')"""


def options(page: Page, menu: str) -> list[str]:
    return page.locator(f"#{menu} option").all_inner_texts()


def test_sounds_subtitles_and_chapters_can_be_chosen(
    served: Served, hand: Hand, clips: Clips, page: Page
) -> None:
    asset_id, _ = hand.submit(film(clips), PROFILE)
    hand.work()

    page.goto(f"{served.url}/watch/{asset_id}")
    wait(page, "!document.getElementById('sound-box').hidden")
    wait(page, "!document.getElementById('captions-box').hidden")
    assert options(page, "sound") == ["한국어", "English", "Director"]
    assert options(page, "captions") == ["Off", "한국어", "Main (forced)"]
    # Once per picture, however many groups of sounds there are.
    assert options(page, "quality") == ["Automatic", "96p"]
    page.select_option("#captions", label="한국어")
    play(page)
    wait(page, f"({SHOWN}).includes('Hello')")
    page.select_option("#sound", label="English")
    page.locator("#chapters button").nth(1).click()
    wait(page, f"{VIDEO}.currentTime > 1.2")
    page.select_option("#captions", label="Off")
    wait(page, f"{VIDEO}.ended")

    assert page.locator("#chapters button").all_inner_texts() == ["0:00 The <beginning>", "0:01 끝"]
    assert page.locator("#sound").input_value() == "1"
    assert page.evaluate(SHOWN) == ""
    assert state(page)["errors"] == 0


@pytest.mark.parametrize("n_sounds", [1, 2])
def test_sound_alone_plays_to_its_end_under_its_poster(
    n_sounds: int, served: Served, hand: Hand, clips: Clips, page: Page
) -> None:
    tones = [("-f", "lavfi", "-i", f"sine=f={440 + 200 * n}:d=3") for n in range(n_sounds)]
    maps = [word for n in range(n_sounds) for word in ("-map", str(n))]
    inputs = [word for tone in tones for word in tone]
    clip = clips.make("m4a", [*inputs, *maps, "-c:a", "aac"])
    asset_id, _ = hand.submit(clip.path)
    hand.work()

    page.goto(f"{served.url}/watch/{asset_id}")
    play(page)
    wait(page, f"{VIDEO}.currentTime > 0.5")
    if n_sounds > 1:
        page.select_option("#sound", index=1)
        wait(page, f"{VIDEO}.currentTime > 1")
    wait(page, f"{VIDEO}.ended")

    assert (page.locator("#video").get_attribute("poster") or "").endswith("poster-0.jpg")
    found = state(page)
    assert found["errors"] == 0
    assert found["length"] == pytest.approx(3, abs=0.06)
    assert page.locator("#quality-box").is_hidden()
