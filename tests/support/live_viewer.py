"""A viewer by HLS: asks for playlists twice a second, fetches what they list, and keeps score."""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from threading import Event, Thread
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import httpx

_POLL_S = 0.5
_TIMEOUT_S = 10.0
_FOUND, _NOT_FOUND = 200, 404


@dataclass(frozen=True)
class Listed:
    """A segment as a playlist names it."""

    number: int
    url: str
    duration_s: float
    at: datetime | None
    is_discontinuous: bool


@dataclass(frozen=True)
class Playlist:
    """A media playlist as it was once."""

    media_sequence: int
    discontinuity_sequence: int
    segments: tuple[Listed, ...]
    has_ended: bool


def read_media(text: str, url: str) -> Playlist:
    """Read one."""
    values, segments, at, is_discontinuous, duration_s = {}, [], None, False, 0.0
    for line in text.splitlines():
        tag, _, value = line.partition(":")
        values[tag] = value
        if tag == "#EXTINF":
            duration_s = float(value.split(",")[0])
        elif tag == "#EXT-X-PROGRAM-DATE-TIME":
            at = datetime.fromisoformat(value)
        elif tag == "#EXT-X-DISCONTINUITY":
            is_discontinuous = True
        elif line and not line.startswith("#"):
            number = int(values["#EXT-X-MEDIA-SEQUENCE"]) + len(segments)
            segments.append(Listed(number, urljoin(url, line), duration_s, at, is_discontinuous))
            at, is_discontinuous = None, False
    return Playlist(
        int(values["#EXT-X-MEDIA-SEQUENCE"]),
        int(values.get("#EXT-X-DISCONTINUITY-SEQUENCE", 0)),
        tuple(segments),
        "#EXT-X-ENDLIST" in values,
    )


def media_urls(text: str, url: str) -> list[str]:
    """Name the media playlists of a master playlist, pictures and sounds."""
    found = []
    for line in text.splitlines():
        if line.startswith("#EXT-X-MEDIA:") and 'URI="' in line:
            found.append(urljoin(url, line.split('URI="')[1].split('"')[0]))
        elif line and not line.startswith("#"):
            found.append(urljoin(url, line))
    return list(dict.fromkeys(found))


class Viewer:
    """Watches on a thread of its own; ``faults`` are what no viewer may see."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._closing = Event()
        self._thread = Thread(target=self._watch, name="viewer", daemon=True)
        self._client = httpx.Client(timeout=_TIMEOUT_S)
        #: Of each playlist, as it was last.
        self.playlists: dict[str, Playlist] = {}
        self.faults: list[str] = []
        #: How playlists were answered.
        self.answers: Counter[int] = Counter()
        #: When something new was listed of all playlists, by ``time.monotonic``.
        self.news_at_s: list[float] = []
        self.n_fetched = 0
        self._named: dict[tuple[str, int], str] = {}
        self._fetched: set[str] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._thread.join()
        self._client.close()

    def longest_wait_s(self, until_s: float | None = None) -> float:
        """Tell the longest time without a new segment, from the first on."""
        times = [*self.news_at_s, *([until_s] if until_s else [])]
        return max((after - one for one, after in pairwise(times)), default=0.0)

    def _watch(self) -> None:
        while not self._closing.wait(_POLL_S):
            try:
                self._look()
            except httpx.TransportError as error:
                self.answers[0] += 1
                if not isinstance(error, httpx.ConnectError | httpx.TimeoutException):
                    self.answers[-1] += 1

    def _look(self) -> None:
        master = self._get(self._url)
        if master is None:
            return
        n_new = [self._look_at(url) for url in media_urls(master, self._url)]
        if n_new and all(n_new):
            self.news_at_s.append(time.monotonic())

    def _get(self, url: str) -> str | None:
        answer = self._client.get(url)
        self.answers[answer.status_code] += 1
        return answer.text if answer.status_code == _FOUND else None

    def _look_at(self, url: str) -> int:
        text = self._get(url)
        if text is None:
            return 0
        now, before = read_media(text, url), self.playlists.get(url)
        self.playlists[url] = now
        if before is not None:
            self._compare(url, before, now)
        fresh = [each for each in now.segments if each.url not in self._fetched]
        # The oldest one is about to go: it must still be there while it is listed.
        for each in (*fresh, *now.segments[:1]):
            self._fetch(url, each)
        return len(fresh)

    def _compare(self, url: str, before: Playlist, now: Playlist) -> None:
        if now.media_sequence < before.media_sequence:
            self._complain(url, f"MEDIA-SEQUENCE {before.media_sequence} → {now.media_sequence}")
        if now.discontinuity_sequence < before.discontinuity_sequence:
            self._complain(url, "DISCONTINUITY-SEQUENCE went back")
        last = before.media_sequence + len(before.segments)
        if now.media_sequence + len(now.segments) < last:
            self._complain(url, f"segments before {last} are not listed any more")

    def _fetch(self, url: str, listed: Listed) -> None:
        named = self._named.setdefault((url, listed.number), listed.url)
        if named != listed.url:
            self._complain(url, f"number {listed.number} was {named} and is {listed.url}")
        status = self._client.get(listed.url).status_code
        if status == _FOUND:
            self._fetched.add(listed.url)
            self.n_fetched += 1
        elif status == _NOT_FOUND:
            self._complain(url, f"404 for {listed.url}, which is listed")

    def _complain(self, url: str, what: str) -> None:
        self.faults.append(f"{time.monotonic():.1f} {url}: {what}")
