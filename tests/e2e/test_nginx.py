"""The stack's nginx before an API: uploads, websockets and cached media go through."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.client import Client
from schemas.http import AssetView, JobRequest
from tests.support import nginx
from tests.support.house import House

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


def test_metrics_stay_inside(door: str) -> None:
    assert httpx.get(f"{door}/metrics").status_code == 404


def first_segment(door: str, asset: AssetView) -> str:
    """Follow the playlists as a player does."""
    master = httpx.URL(f"{door}{asset.hls_url}")
    media = master.join(first_address(httpx.get(master).text))
    return str(media.join(first_address(httpx.get(media).text)))


def first_address(playlist: str) -> str:
    return next(line for line in playlist.splitlines() if line and not line.startswith("#"))
