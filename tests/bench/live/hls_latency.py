"""From the picture to the eye by HLS, as hls.js plays it: three target durations from the edge."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from urllib.parse import urljoin

import httpx

from api.client import Client
from schemas.streams import StreamKeyRequest
from tests.bench.figures import Figure, at_most, percentile, reported
from tests.bench.ground import Ground
from tests.bench.live import clock
from tests.bench.live.up import Up
from tests.support.nginx_rtmp import NginxRtmp

SECONDS, BAR = 16, 4.5
#: Where hls.js begins, in target durations from the end of the list, unless told otherwise.
_FROM_EDGE = 3
_POLL_S, _BEGIN_S = 1.0, 60.0


@dataclass(frozen=True)
class Segment:
    """One line of a playlist."""

    url: str
    seconds: float
    #: Address of what a decoder needs before it; empty of MPEG-TS.
    init_url: str


@dataclass(frozen=True)
class Playlist:
    """A media playlist."""

    target_s: float
    segments: tuple[Segment, ...]

    @property
    def total_s(self) -> float:
        return sum(one.seconds for one in self.segments)


def measure(ground: Ground) -> Iterator[Figure]:
    """Watch ``reelmill up`` and nginx-rtmp, one after the other."""
    folder, seconds = ground.new_folder("hls"), max(8, ground.scaled(SECONDS))
    with _ours(folder) as (publish_url, watch_url):
        ours, target_s = _delays_s(publish_url, watch_url, seconds)
    with _nginx(folder) as (publish_url, watch_url):
        theirs, their_target_s = _delays_s(publish_url, watch_url, seconds)
    in_targets = percentile(ours, 95) / target_s
    yield at_most("HLS, glass to glass, p95", in_targets, "target durations", BAR)
    yield reported("HLS, glass to glass, median", median(ours), "s")
    yield reported("HLS, target duration", target_s, "s")
    yield reported("HLS of nginx-rtmp, glass to glass, median", median(theirs), "s")
    yield reported("HLS of nginx-rtmp, target duration", their_target_s, "s")


@contextmanager
def _ours(folder: Path) -> Iterator[tuple[str, str]]:
    with Up(folder / "up") as up, Client(up.url) as client:
        key = client.streams.create_key(StreamKeyRequest())
        yield up.rtmp(key.key), f"{up.url}/live/{key.stream_id}/master.m3u8"


@contextmanager
def _nginx(folder: Path) -> Iterator[tuple[str, str]]:
    hls = "hls on; hls_path FOLDER/hls; hls_fragment 2s; hls_playlist_length 12s;"
    application = f"application live {{ live on; {hls} }}"
    with NginxRtmp(folder, application, http="location /hls/ { root FOLDER; }") as server:
        yield server.url("live/clock"), f"{server.http_url}/hls/clock.m3u8"


def _delays_s(publish_url: str, watch_url: str, seconds: int) -> tuple[list[float], float]:
    with clock.ClockPublisher(publish_url), httpx.Client(timeout=20) as http:
        media_url = _media_url(http, watch_url)
        found, until_s = [], time.monotonic() + seconds
        while time.monotonic() < until_s:
            found.append(_delay_s(http, _playlist(http, media_url)))
            time.sleep(_POLL_S)
        return found, _playlist(http, media_url).target_s


def _delay_s(http: httpx.Client, listed: Playlist) -> float:
    """Tell how old the picture is that a player begins with, as soon as it can show it."""
    into_s = max(0.0, listed.total_s - _FROM_EDGE * listed.target_s)
    for segment in listed.segments:
        if into_s < segment.seconds:
            break
        into_s -= segment.seconds
    init = http.get(segment.init_url).raise_for_status().content if segment.init_url else b""
    data = http.get(segment.url).raise_for_status().content
    # What it would wait for is here: decoding what we decode to look is not counted.
    at_ms = clock.now_ms()
    return (at_ms - clock.first_of(init + data)) / 1000 - into_s


def _media_url(http: httpx.Client, url: str) -> str:
    """Wait until there is enough to play; tell the first rendition's playlist."""
    until_s = time.monotonic() + _BEGIN_S
    while time.monotonic() < until_s:
        answer = http.get(url)
        if answer.is_success:
            media = _first_variant(answer.text, url)
            listed = _playlist(http, media)
            if listed.segments and listed.total_s >= _FROM_EDGE * listed.target_s:
                return media
        time.sleep(0.2)
    raise RuntimeError(f"nothing to play after {_BEGIN_S:g} s: {answer.status_code}")


def _first_variant(text: str, url: str) -> str:
    lines = text.splitlines()
    for line, following in pairwise(lines):
        if line.startswith("#EXT-X-STREAM-INF") and "RESOLUTION" in line:
            return urljoin(url, following)
    return url


def _playlist(http: httpx.Client, url: str) -> Playlist:
    answer = http.get(url)
    target_s, seconds, init_url, found = 0.0, 0.0, "", []
    for line in answer.text.splitlines() if answer.is_success else ():
        name, _, value = line.partition(":")
        if name == "#EXT-X-TARGETDURATION":
            target_s = float(value)
        elif name == "#EXT-X-MAP":
            init_url = urljoin(url, value.partition('URI="')[2].partition('"')[0])
        elif name == "#EXTINF":
            seconds = float(value.partition(",")[0])
        elif line and not line.startswith("#"):
            found.append(Segment(urljoin(url, line), seconds, init_url))
    return Playlist(target_s or 1.0, tuple(found))
