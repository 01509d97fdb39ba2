"""A real browser on our pages: started, watched for complaints, asked what its player does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.support.waiting import wait_until

CHROMIUM = "/usr/bin/chromium"
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_ABSENT = ("Failed to load resource", "WebSocket connection to")
VIDEO = "document.querySelector('video')"

#: What the player made of it, as the browser's own pipeline counts.
_STATE = """() => {
  const video = document.querySelector('video');
  const quality = video.getVideoPlaybackQuality();
  return {
    at: video.currentTime, length: video.duration, paused: video.paused, ended: video.ended,
    buffered: [...Array(video.buffered.length).keys()].map(
      (n) => [video.buffered.start(n), video.buffered.end(n)]),
    dropped: quality.droppedVideoFrames, total: quality.totalVideoFrames,
    errors: Number(document.getElementById('stage').dataset.errors ?? -1),
    error: video.error?.message ?? null,
  };
}"""


@contextmanager
def launched() -> Iterator[Browser]:
    """Run Chromium until the block ends; skips the test where there is none."""
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        yield browser
        browser.close()


def complaints_of(page: Page) -> list[str]:
    """Note from now on all errors and warnings a page prints, and what its policy refuses."""
    printed: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} or "Content Security Policy" in message.text:
            printed.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: printed.append(str(error)))
    return printed


def faults(printed: list[str]) -> list[str]:
    """Leave out what only says that something was not there to be fetched."""
    return [text for text in printed if not text.startswith(_ABSENT)]


def play(page: Page) -> None:
    """Let the page's video play, without its sound."""
    page.evaluate(f"() => {{ {VIDEO}.muted = true; return {VIDEO}.play(); }}")


def wait(page: Page, condition: str, timeout_s: float = 20) -> None:
    """Wait until a condition in the page's script holds."""
    # Not by wait_for_function: it evaluates strings inside the page, which our policy forbids.
    wait_until(lambda: bool(page.evaluate(condition)), timeout_s=timeout_s)


def state(page: Page) -> dict[str, Any]:
    """Tell what the player is at, what it has, and what went wrong."""
    return dict(page.evaluate(_STATE))
