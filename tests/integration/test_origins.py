"""Pages of other sites: what listed ones may, and that all others may nothing."""

import base64
import secrets
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.support.hostile_origins import ORIGINS
from tests.support.served import Served, serving

LISTED = "https://app.example"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("data"), cors_origins=LISTED) as served:
        yield served


def host_of(served: Served) -> str:
    return served.url.removeprefix("http://")


def ask(served: Served, line: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Send a request as raw bytes: no client would send some of these."""
    port = served.server.port
    text = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        head = f"{line} HTTP/1.1\r\nHost: {host_of(served)}\r\n{text}\r\n"
        connection.sendall(head.encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
    first, *rest = received.split(b"\r\n\r\n")[0].decode().split("\r\n")
    told = dict(line.split(": ", 1) for line in rest)
    return int(first.split()[1]), {name.lower(): value for name, value in told.items()}


@pytest.fixture(params=ORIGINS)
def hostile(request: pytest.FixtureRequest, served: Served) -> str:
    return str(request.param).format(host=host_of(served))


def handshake(served: Served, origin: str) -> int:
    status, _ = ask(
        served,
        "GET /api/events",
        Origin=origin,
        Connection="Upgrade",
        Upgrade="websocket",
        Sec_WebSocket_Version="13",
        Sec_WebSocket_Key=base64.b64encode(secrets.token_bytes(16)).decode(),
    )
    return status


def test_a_hostile_page_may_not_read(served: Served, hostile: str) -> None:
    for line in ("GET /api/assets", "OPTIONS /api/assets", "GET /api/nowhere"):
        _, told = ask(served, line, Origin=hostile, Access_Control_Request_Method="GET")
        assert "access-control-allow-origin" not in told
        assert "access-control-allow-credentials" not in told
        assert "Origin" in told["vary"]


def test_a_hostile_page_may_not_write(served: Served, hostile: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        status, _ = ask(served, f"{method} /api/assets", Origin=hostile, Content_Length="0")
        assert status == 403


def test_a_hostile_page_may_not_listen(served: Served, hostile: str) -> None:
    assert handshake(served, hostile) == 403


def test_a_listed_page_may_read_write_and_listen(served: Served) -> None:
    read = httpx.get(f"{served.url}/api/assets", headers={"Origin": LISTED})
    wrote = httpx.post(f"{served.url}/api/assets", headers={"Origin": LISTED}, content=b"film")

    assert read.headers["Access-Control-Allow-Origin"] == LISTED
    assert "Access-Control-Allow-Credentials" not in read.headers
    assert wrote.status_code == 201
    assert wrote.headers["Access-Control-Allow-Origin"] == LISTED
    assert {"Location", "ETag", "Upload-Offset", "Tus-Resumable", "RateLimit"} <= set(
        wrote.headers["Access-Control-Expose-Headers"].split(", ")
    )
    assert handshake(served, LISTED) == 101


def test_a_listed_page_may_ask_first(served: Served) -> None:
    answer = httpx.options(
        f"{served.url}/api/jobs",
        headers={"Origin": LISTED, "Access-Control-Request-Method": "PATCH"},
    )

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == LISTED
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    taken = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"Authorization", "Idempotency-Key", "Upload-Offset", "Tus-Resumable"} <= set(taken)


def test_our_own_page_may(served: Served) -> None:
    answer = httpx.post(f"{served.url}/api/assets", headers={"Origin": served.url}, content=b"f")

    assert answer.status_code == 201
    assert handshake(served, served.url) == 101


def test_a_listed_page_reads_errors_too(served: Served) -> None:
    answer = httpx.get(f"{served.url}/api/assets/nothing", headers={"Origin": LISTED})

    assert answer.status_code == 404
    assert answer.headers["Access-Control-Allow-Origin"] == LISTED


@pytest.mark.parametrize(
    "name",
    ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example"],
)
def test_a_name_that_was_led_here_is_not_ours(served: Served, name: str) -> None:
    answer = httpx.get(f"{served.url}/api/assets", headers={"Host": name})

    assert answer.status_code == 421
    assert answer.json()["code"] == "http.421"


@pytest.mark.parametrize(
    "name", ["localhost", "LOCALHOST:99", "127.0.0.1", "[::1]:8080", "a.localhost", "api:8080"]
)
def test_this_box_goes_by_several_names(served: Served, name: str) -> None:
    assert httpx.get(f"{served.url}/api/assets", headers={"Host": name}).status_code == 200
