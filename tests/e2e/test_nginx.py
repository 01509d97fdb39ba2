"""The stack's nginx before an API: uploads, websockets and cached media go through."""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from threading import Event

import httpx
import pytest
from flask import Flask

from api.client import Client
from schemas.http import AssetView, JobRequest
from tests.support import nginx
from tests.support.house import House
from tests.support.served import running

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")


@pytest.fixture(scope="module")
def door(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with nginx.running(tmp_path_factory.mktemp("nginx"), house.url) as url:
        yield url


@pytest.fixture(scope="module")
def asset(door: str, film: Path) -> AssetView:
    """Handed in and watched through nginx."""
    with Client(door) as client:
        uploaded = client.upload(film)
        job = client.submit(JobRequest(asset_id=uploaded.id))
        messages = list(client.watch(job.id))
        assert messages[0].type == "snapshot"
        return client.asset(uploaded.id)


def test_uploads_and_websockets_go_through(asset: AssetView) -> None:
    assert asset.state == "ready"


def test_segments_are_served_from_the_cache(door: str, asset: AssetView) -> None:
    segment = first_segment(door, asset)

    first, second = httpx.get(segment), httpx.get(segment)

    assert first.headers["X-Cache-Status"] == "MISS"
    assert second.headers["X-Cache-Status"] == "HIT"
    assert second.content == first.content
    assert second.headers["ETag"] == first.headers["ETag"]


def test_ranges_are_cut_from_the_cached_whole(door: str, asset: AssetView) -> None:
    segment = first_segment(door, asset)
    whole = httpx.get(segment).content

    part = httpx.get(segment, headers={"Range": "bytes=10-19"})

    assert part.status_code == 206
    assert part.content == whole[10:20]
    assert part.headers["X-Cache-Status"] == "HIT"


def test_an_upload_larger_than_nginx_would_take_by_itself_goes_through(door: str) -> None:
    answer = httpx.post(f"{door}/api/assets?filename=large.bin", content=b"\0" * 3_000_000)

    assert answer.status_code == 201
    assert answer.json()["size_bytes"] == 3_000_000


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "//metrics", "/metrics%2F", "/x/../metrics"]
)
def test_metrics_stay_inside(door: str, path: str) -> None:
    answer = httpx.get(f"{door}{path}")

    assert answer.status_code == 404
    assert "reelmill_" not in answer.text


def test_an_old_playlist_is_nobodys_first_answer(tmp_path: Path) -> None:
    versions = count(1)
    app = Flask("playlists")

    @app.get("/media/a/180p.m3u8")
    def playlist() -> tuple[str, dict[str, str]]:
        return str(next(versions)), {"Cache-Control": "public, max-age=1"}

    app.add_url_rule("/healthz", view_func=lambda: "ok")
    with running(app) as api, nginx.running(tmp_path, api.url) as door:
        first = httpx.get(f"{door}/media/a/180p.m3u8").text
        # nginx counts whole seconds.
        Event().wait(2.1)
        second = httpx.get(f"{door}/media/a/180p.m3u8").text

    assert (first, second) == ("1", "2")


def first_segment(door: str, asset: AssetView) -> str:
    """Follow the playlists as a player does."""
    master = httpx.URL(f"{door}{asset.hls_url}")
    media = master.join(first_address(httpx.get(master).text))
    return str(media.join(first_address(httpx.get(media).text)))


def first_address(playlist: str) -> str:
    return next(line for line in playlist.splitlines() if line and not line.startswith("#"))
