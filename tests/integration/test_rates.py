"""Rate limits over HTTP: exact over two API processes, told in headers, and not for everybody."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from api.rates import quota_of
from pipeline.core.neighbours import network_of
from pipeline.services import accounts, api_keys
from pipeline.settings import Settings
from schemas.access import AccountRequest, KeyRequest
from schemas.identity import Role
from tests.support.ports import free_port
from tests.support.served import Served, serving
from tests.support.valkey import Redis

READS = 40
HERE: dict[str, object] = {"rate_limits": "always", "rate_reads": READS, "rate_writes": 3}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "data", **HERE) as served:
        yield served


def read(url: str) -> httpx.Response:
    return httpx.get(f"{url}/api/profiles")


def test_two_processes_count_as_one(tmp_path: Path) -> None:
    with (
        Redis() as redis,
        serving(tmp_path / "one", redis_url=redis.url, **HERE) as one,
        serving(tmp_path / "two", redis_url=redis.url, **HERE) as two,
        ThreadPoolExecutor(8) as pool,
    ):
        urls = [one.url, two.url] * READS
        answers = list(pool.map(read, urls))

    assert Counter(answer.status_code for answer in answers) == {200: READS, 429: READS}
    left = [answer.headers["RateLimit"].split(";")[1] for answer in answers]
    told = sorted(int(text.removeprefix("r=")) for text in left)
    assert told == [*[0] * READS, *range(READS)]


def test_a_refusal_tells_when_to_come_back(served: Served) -> None:
    answers = [httpx.post(f"{served.url}/api/jobs", json={}) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"writes";q=3;w=60'
    refused = answers[-1]
    assert refused.json()["code"] == "rate.limited"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit"].startswith('"writes";r=0;t=')
    # Another kind is counted for itself.
    assert read(served.url).status_code == 200


def test_a_redis_that_is_away_lets_requests_through(tmp_path: Path) -> None:
    away = f"redis://127.0.0.1:{free_port()}/0"
    with serving(tmp_path / "data", redis_url=away, **HERE) as served:
        statuses = [read(served.url).status_code for _ in range(READS + 1)]

    assert statuses == [*[200] * READS, 429]


def test_media_pages_and_probes_are_not_counted(served: Served) -> None:
    for path in ("/healthz", "/metrics", "/media/a/master.m3u8", "/watch/a", "/static/site.css"):
        assert "RateLimit" not in httpx.get(f"{served.url}{path}").headers


def test_this_boxs_own_people_are_not_counted_unless_asked(tmp_path: Path) -> None:
    with serving(tmp_path / "data", rate_limits="auto", rate_reads=1) as served:
        assert {read(served.url).status_code for _ in range(5)} == {200}
    others = {"rate_limits": "auto", "rate_reads": 1, "anonymous_role": "operator"}
    with serving(tmp_path / "data", **others) as served:
        assert [read(served.url).status_code for _ in range(2)] == [200, 429]


def test_an_address_is_believed_of_the_proxies_that_are_announced(tmp_path: Path) -> None:
    def ask(url: str, forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded}
        return httpx.get(f"{url}/api/profiles", headers=headers).status_code

    one_each = {**HERE, "rate_reads": 1}
    with serving(tmp_path / "data", **one_each) as served:
        assert [ask(served.url, f"203.0.113.{n}") for n in range(3)] == [200, 429, 429]
    with serving(tmp_path / "data", trusted_proxies=1, **one_each) as served:
        assert [ask(served.url, f"203.0.113.{n}") for n in range(3)] == [200, 200, 200]
        # What the visitor himself writes in front of it does not count.
        assert [ask(served.url, f"10.0.0.{n}, 203.0.113.9") for n in range(3)] == [200, 429, 429]


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/api/auth/token", "auth"),
        ("POST", "/login", "auth"),
        # The same addresses, to the routes.
        ("POST", "/api/auth/token/", "auth"),
        ("POST", "/login/", "auth"),
        ("POST", "/login/ticket/", "auth"),
        ("GET", "/api/auth/me", "reads"),
        ("GET", "/login", None),
        ("PATCH", "/api/upload/video/tus/1", "uploads"),
        ("GET", "/api/upload/status/1", "uploads"),
        ("GET", "/api/jobs", "reads"),
        ("HEAD", "/api/jobs", "reads"),
        ("POST", "/api/tickets", "writes"),
        ("DELETE", "/api/assets/1", "writes"),
        ("OPTIONS", "/api/jobs", None),
        ("GET", "/media/a/b", None),
    ],
)
def test_what_a_request_counts_as(method: str, path: str, name: str | None) -> None:
    quota = quota_of(method, path, Settings(_env_file=None))
    assert (None if quota is None else quota.name) == name


def test_neighbours_in_ipv6_are_one() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("") == "unknown"


def test_callers_are_counted_for_themselves(tmp_path: Path) -> None:
    with serving(tmp_path / "data", **{**HERE, "rate_reads": 2, "anonymous_role": ""}) as served:
        keys = [_key(served, name) for name in ("kim", "lee")]
        statuses = [
            httpx.get(f"{served.url}/api/assets", headers={"Authorization": f"Bearer {key}"})
            for key in keys * 3
        ]

    assert [answer.status_code for answer in statuses] == [200, 200, 200, 200, 429, 429]


def _key(served: Served, name: str) -> str:
    database = served.pipeline.database
    account = accounts.create(database, AccountRequest(name=name, role=Role.CREATOR))
    return api_keys.create(database, account.id, KeyRequest(name="app")).key


def test_tries_to_log_in_are_counted_by_address_whoever_it_is(tmp_path: Path) -> None:
    with serving(tmp_path / "data", **HERE, rate_auth=3) as served:
        asked = [
            httpx.post(
                f"{served.url}/api/auth/token",
                json={"name": f"n{n}", "password": "wrong password"},
            ).status_code
            for n in range(5)
        ]

    assert asked[3:] == [429, 429]
    assert 429 not in asked[:3]
