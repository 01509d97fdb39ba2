"""The stack's nginx before an API: uploads, websockets and cached media go through."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from threading import Barrier, Event
from urllib.parse import urlsplit

import httpx
import pytest
from flask import Flask, request

from api.client import Client
from pipeline.core import links
from pipeline.services import assets, viewing
from schemas.http import AssetView, JobRequest
from schemas.identity import Playback
from schemas.playback import PlaybackLinkRequest
from tests.support import nginx
from tests.support.broadcasting import channel
from tests.support.house import House
from tests.support.served import running, serving
from tests.support.tus import PATH, Tus
from tests.support.wire import CutKind, Wire, create

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


@pytest.mark.parametrize("kind", [CutKind.CLOSE, CutKind.STALL])
def test_an_upload_goes_through_as_it_comes_and_outlives_its_connection(
    door: str, kind: CutKind
) -> None:
    data = bytes(range(256)) * 8000
    location = create(f"{door}{PATH}", len(data))
    at = urlsplit(location).path
    said = {"Content-Type": "application/offset+octet-stream", "Content-Length": str(len(data))}
    with httpx.Client(trust_env=False) as http, Wire(location) as wire:
        tus = Tus(door, {}, http)
        wire.begin("PATCH", at, {**said, "Upload-Offset": "0"})
        n_sent = wire.send(data[:600_000])
        # Told of while the request is still open: nothing in between holds it back.
        while tus.status(at)["uploadedSize"] == 0:
            n_sent += wire.send(data[n_sent : n_sent + 100])
        wire.cut(kind)
        offset_bytes = tus.offset(at)

        assert 0 < offset_bytes <= n_sent
        assert tus.send(at, offset_bytes, data[offset_bytes:]).status_code == 204
        assert tus.status(at)["status"] in {"processing", "failed"}


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


def test_pages_of_a_stream_ask_the_api_once(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "data", trusted_proxies=1) as served,
        nginx.running(tmp_path, served.url) as door,
    ):
        stream_id = channel(served.pipeline.database).id
        cached = [
            httpx.get(f"{door}/live/{stream_id}/stream.json").headers["X-Cache-Status"]
            for _ in range(2)
        ]
        signed_in = {"Cookie": "reelmill_session=x"}
        own = httpx.get(f"{door}/live/{stream_id}/stream.json", headers=signed_in)
        page = httpx.get(f"{door}/live/{stream_id}")

    assert cached == ["MISS", "HIT"]
    assert own.headers["X-Cache-Status"] == "BYPASS"
    assert own.json()["id"] == stream_id
    assert "X-Cache-Status" not in page.headers


def test_what_was_closed_is_closed_behind_the_cache_too(tmp_path: Path) -> None:
    """The asset was open, and nginx has its segment; then it was made private."""
    open_ = [True]
    app = Flask("segments")

    @app.get("/media/a/t-1/0.m4s")
    def segment() -> tuple[str, int, dict[str, str]]:
        if not open_[0]:
            return "", 404, {"Cache-Control": "no-store"}
        # As the API says it, but for the number.
        kept = "public, max-age=31536000, immutable, s-maxage=1"
        return "segment", 200, {"Cache-Control": kept, "ETag": '"1"'}

    app.add_url_rule("/healthz", view_func=lambda: "ok")
    with running(app) as api, nginx.running(tmp_path, api.url) as door:
        url = f"{door}/media/a/t-1/0.m4s"
        kept = [httpx.get(url).headers["X-Cache-Status"] for _ in range(2)]
        open_[0] = False
        # nginx counts whole seconds.
        Event().wait(2.1)
        statuses = [httpx.get(url).status_code for _ in range(2)]

    assert kept == ["MISS", "HIT"]
    assert statuses == [404, 404]


def test_nothing_private_is_kept_by_the_cache(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "data", anonymous_role="", trusted_proxies=1) as served,
        nginx.running(tmp_path, served.url) as door,
    ):
        key = links.key_of(served.pipeline.secret)
        stage = assets.create(
            served.pipeline.database,
            served.pipeline.storage,
            filename="f.mp4",
            blocks=[b"film"],
            limit_bytes=9,
            playback=Playback.PRIVATE,
        )
        asked = PlaybackLinkRequest()
        given = viewing.link(served.pipeline.database, stage.id, asked, key=key)
        answers = [httpx.get(f"{door}{given.asset_url}") for _ in range(3)]
        closed = httpx.get(f"{door}/media/{stage.id}/asset.json")
        viewing.revoke_links(served.pipeline.database, stage.id)
        revoked = httpx.get(f"{door}{given.asset_url}")

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert {answer.headers["X-Cache-Status"] for answer in answers} == {"BYPASS"}
    assert closed.status_code == 404
    assert revoked.status_code == 403


def test_what_is_somebodys_neither_waits_in_line_nor_loses_its_ranges(tmp_path: Path) -> None:
    """Two viewers of one signed address at once: the API sees both before it answers either."""
    # nginx would let the second go after five seconds.
    both = Barrier(2, timeout=4)
    app = Flask("private")

    @app.get("/media/a/<path:path>")
    def segment(path: str) -> tuple[bytes, int, dict[str, str]]:
        headers = {"Cache-Control": "private, max-age=60", "Accept-Ranges": "bytes"}
        if "Range" in request.headers:
            return b"egm", 206, {**headers, "Content-Range": "bytes 1-3/7"}
        both.wait()
        return b"segment", 200, headers

    app.add_url_rule("/healthz", view_func=lambda: "ok")
    owner = {"Cookie": "lang=ko; __Host-reelmill_session=x"}
    ways: list[tuple[str, dict[str, str]]] = [("~t/0.m4s", {}), ("%7Et/0.m4s", {}), ("0", owner)]
    with running(app) as api, nginx.running(tmp_path, api.url) as door:
        for path, headers in ways:
            ask = partial(httpx.get, f"{door}/media/a/{path}", headers=headers, timeout=30)
            with ThreadPoolExecutor(2) as pool:
                asked = [pool.submit(ask) for _ in range(2)]
                answers = [one.result() for one in asked]
            part = httpx.get(
                f"{door}/media/a/{path}", headers={**headers, "Range": "bytes=1-3"}, timeout=30
            )

            assert [answer.content for answer in answers] == [b"segment"] * 2
            assert (part.status_code, part.content) == (206, b"egm")


def first_segment(door: str, asset: AssetView) -> str:
    """Follow the playlists as a player does."""
    master = httpx.URL(f"{door}{asset.hls_url}")
    media = master.join(first_address(httpx.get(master).text))
    return str(media.join(first_address(httpx.get(media).text)))


def first_address(playlist: str) -> str:
    return next(line for line in playlist.splitlines() if line and not line.startswith("#"))
