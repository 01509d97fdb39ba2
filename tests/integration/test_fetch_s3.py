"""A source at an address, fetched into S3: pieces go up while bytes come in."""

import hashlib
import secrets
from collections.abc import Iterator
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.core.errors import LeaseLost, UrlUnreachable
from pipeline.storage.s3 import S3Store
from schemas.fetching import FetchParams, FetchResult, StoredOrigin, UrlOrigin
from schemas.vocabulary import AssetId
from tests.support.fetch_intake import Intake
from tests.support.file_server import FileServer, film
from tests.support.origin import Origin, Visit, origin
from tests.support.seaweed import S3Address
from workers.steps import fetch

MIB = 2**20


@pytest.fixture
def place() -> Iterator[Origin]:
    with origin({}) as running:
        yield running


@pytest.fixture
def params() -> FetchParams:
    asset_id = AssetId(f"a{secrets.token_hex(8)}")
    where = UrlOrigin(shown="http://films.example/")
    return FetchParams(asset_id=asset_id, origin=where, key=f"assets/{asset_id}/source")


@pytest.fixture
def bench(place: Origin, s3: S3Address, params: FetchParams) -> Iterator[Any]:
    store = S3Store(
        endpoint=s3.endpoint,
        access_key=s3.access_key,
        secret_key=s3.secret_key,
        bucket=s3.bucket,
        region="us-east-1",
        secure=s3.secure,
    )
    intake = Intake(store, place.url("/film.mp4"))
    yield SimpleNamespace(incoming=intake, stop=Event(), report=lambda _progress: None)
    store.delete_prefix(f"assets/{params.asset_id}/")


def assert_is(result: FetchResult, bench: Any, body: bytes) -> None:
    assert (result.size_bytes, result.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    with bench.incoming.storage.open(result.key) as blocks:
        assert hashlib.sha256(b"".join(blocks)).hexdigest() == result.sha256


def test_a_file_with_cuts_comes_whole(place: Origin, bench: Any, params: FetchParams) -> None:
    body = film(37 * MIB + 11)
    place.scripts["/film.mp4"] = FileServer(body, cuts=[7 * MIB, 300_000, 12 * MIB])

    assert_is(fetch.run(params, bench), bench, body)


def test_another_attempt_goes_on_where_one_stopped(
    place: Origin, bench: Any, params: FetchParams
) -> None:
    body = film(37 * MIB + 11)
    server = FileServer(body, cuts=[23 * MIB, *[10] * 20])
    place.scripts["/film.mp4"] = server
    with pytest.raises(UrlUnreachable):
        fetch.run(params, bench)
    n_safe = bench.incoming.state.size_bytes
    server.cuts.clear()
    place.visits.clear()

    assert_is(fetch.run(params, bench), bench, body)

    assert n_safe >= 23 * MIB
    assert [visit.headers["range"] for visit in place.visits] == [f"bytes={n_safe}-"]


def test_a_zombie_harms_nothing_of_whoever_took_over(
    place: Origin, bench: Any, params: FetchParams
) -> None:
    body = film(30 * MIB)
    server = FileServer(body)
    inner: list[FetchResult] = []
    other = SimpleNamespace(incoming=bench.incoming, stop=Event(), report=bench.report)

    def interrupted(visit: Visit) -> None:
        """Half a file for the first; meanwhile the second takes over and fetches all of it."""
        if inner:
            server(visit)
            return
        visit.send(f'HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\netag: "v1"\r\n\r\n'.encode())
        visit.send(body[: 18 * MIB])
        place.scripts["/film.mp4"] = server
        inner.append(fetch.run(params, other))
        visit.send(body[18 * MIB :])

    place.scripts["/film.mp4"] = interrupted

    with pytest.raises(LeaseLost):
        fetch.run(params, bench)

    assert_is(inner[0], bench, body)


def test_parts_of_an_upload_become_the_source(bench: Any, params: FetchParams) -> None:
    one, two = film(7 * MIB), film(6 * MIB)[::-1]
    keys = (f"assets/{params.asset_id}/u1", f"assets/{params.asset_id}/u2")
    for key, data in zip(keys, (one, two), strict=True):
        bench.incoming.storage.put_bytes(key, data, content_type="video/mp4")
    bench.incoming.prefix = f"assets/{params.asset_id}/t1-1/"

    result = fetch.run(params.model_copy(update={"origin": StoredOrigin(keys=keys)}), bench)

    assert_is(result, bench, one + two)
