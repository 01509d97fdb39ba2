"""Viewers by HTTP-FLV and websocket: from a keyframe on, as far as they may and keep up."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from simple_websocket import Client

from pipeline.audience.port import ViewerKind
from pipeline.core import links, live_access
from pipeline.core.flv.tags import Tag, TagReader, is_keyframe
from pipeline.services import sessions, stream_viewing
from schemas.identity import Playback
from schemas.playback import PlaybackLinkRequest
from schemas.streams import SessionId
from tests.support import nginx
from tests.support.broadcasting import Channel, channel
from tests.support.hand_publisher import HandPublisher
from tests.support.live_house import LiveHouse, live_house, tags_of
from tests.support.made_tags import broadcast
from tests.support.ports import free_port
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHouse]:
    folder = tmp_path_factory.mktemp("live")
    with live_house(folder, flv_viewers=3, anonymous_role="") as house:
        yield house


@pytest.fixture
def stream(house: LiveHouse) -> Channel:
    return channel(house.pipeline.database)


@pytest.fixture
def on(house: LiveHouse, stream: Channel) -> Iterator[HandPublisher]:
    with HandPublisher(house.door.port, stream.secret) as one:
        one.send(FIRST)
        wait_until(lambda: house.newest(stream.id).facts.get("clock_ms", 0) >= 1960)
        yield one
        end(house, stream)


FIRST, SECOND = list(broadcast(seconds=2)), list(broadcast(seconds=1, begin_ms=2000))[3:]


def end(house: LiveHouse, stream: Channel) -> None:
    if running := house.running(stream.id):
        sessions.close_session(house.pipeline.database, running.id)
        wait_until(lambda: house.door.held(running.id) is None)


def crowd(house: LiveHouse, stream: Channel, kind: ViewerKind) -> int:
    counted = house.pipeline.audience.count([stream.id])
    return counted[stream.id].by_kind[kind] if counted and stream.id in counted else 0


def test_http_flv_begins_with_the_last_keyframe_and_goes_on(
    house: LiveHouse, stream: Channel, on: HandPublisher
) -> None:
    with httpx.stream("GET", f"{house.url}/live/{stream.id}.flv", timeout=20) as answer:
        assert answer.headers["Content-Type"] == "video/x-flv"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cache-Control"] == "no-store"
        wait_until(lambda: crowd(house, stream, ViewerKind.FLV) == 1)
        on.send(SECOND)
        wait_until(lambda: house.newest(stream.id).facts.get("clock_ms", 0) >= 2960)
        end(house, stream)
        came = tags_of(answer.read())

    assert is_keyframe(came[3].kind, came[3].payload)
    assert came[3:] == [*FIRST[-50:], *SECOND]
    wait_until(lambda: crowd(house, stream, ViewerKind.FLV) == 0)


def test_a_websocket_gets_the_same(house: LiveHouse, stream: Channel, on: HandPublisher) -> None:
    ws = Client.connect(f"{house.url.replace('http', 'ws')}/live/{stream.id}.flv")
    reader, came = TagReader(), list[Tag]()
    came += reader.receive_data(ws.receive(10))
    on.send(SECOND)
    while len(came) < 3 + 50 + len(SECOND):
        came += reader.receive_data(ws.receive(10))
    assert crowd(house, stream, ViewerKind.WEBSOCKET) == 1
    ws.close()

    assert came[3:] == [*FIRST[-50:], *SECOND]
    wait_until(lambda: crowd(house, stream, ViewerKind.WEBSOCKET) == 0)


def test_there_are_so_many_seats(house: LiveHouse, stream: Channel, on: HandPublisher) -> None:
    address = f"{house.url}/live/{stream.id}.flv"
    del on
    with (
        httpx.stream("GET", address),
        httpx.stream("GET", address),
        httpx.stream("GET", address),
    ):
        refused = httpx.get(address)
    assert (refused.status_code, refused.json()["code"]) == (503, "flv.full")
    wait_until(lambda: httpx.head(address).status_code == 200)


def test_a_viewer_who_does_not_read_is_cut(
    house: LiveHouse, stream: Channel, on: HandPublisher
) -> None:
    host, port = house.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(f"GET /live/{stream.id}.flv HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_until(lambda: crowd(house, stream, ViewerKind.FLV) == 1)
        large = broadcast(seconds=20, begin_ms=2000, n_bytes=60_000)
        on.send(large)
        wait_until(lambda: crowd(house, stream, ViewerKind.FLV) == 0)
    assert on.is_publishing


def test_private_streams_are_for_their_owners_and_by_signed_address(
    house: LiveHouse, stream: Channel, on: HandPublisher
) -> None:
    del on
    with house.pipeline.database.write() as tx:
        tx.streams.change(stream.id, {"playback": Playback.PRIVATE})
    plain = f"{house.url}/live/{stream.id}.flv"

    assert httpx.get(plain).json()["code"] == "stream.not_found"
    forged = f"{house.url}/live/{stream.id}/~9999999999.0..{'A' * 43}.flv"
    assert httpx.get(forged).json()["code"] == "playback.link_invalid"

    signed = signed_address(house, stream)
    with httpx.stream("GET", f"{house.url}{signed}") as answer:
        assert answer.status_code == 200
    ws = Client.connect(f"{house.url.replace('http', 'ws')}{signed}")
    assert ws.receive(10).startswith(b"FLV")
    ws.close()


def signed_address(house: LiveHouse, stream: Channel) -> str:
    made = stream_viewing.link(
        house.pipeline.database,
        stream.id,
        PlaybackLinkRequest(expires_in_s=600),
        key=links.key_of(house.pipeline.secret),
        owner=None,
    )
    return made.flv_url


def test_nothing_on_is_a_clear_answer(house: LiveHouse, stream: Channel) -> None:
    address = f"{house.url}/live/{stream.id}.flv"

    assert httpx.get(address).json()["code"] == "stream.offline"
    assert httpx.get(f"{house.url}/live/nothing.flv").json()["code"] == "stream.not_found"


def test_workers_show_their_token(house: LiveHouse, stream: Channel, on: HandPublisher) -> None:
    del on
    address = f"{house.url}/internal/sessions/{house.newest(stream.id).id}.flv"

    for shown in ({}, {"Authorization": "Bearer no"}, {"Authorization": "Basic abc"}):
        assert httpx.get(address, headers=shown).json()["code"] == "auth.token_invalid"
    elsewhere = SessionId("0" * 28)
    token = live_access.token(house.pipeline.secret, elsewhere)
    found = httpx.get(
        f"{house.url}/internal/sessions/{elsewhere}.flv",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (found.status_code, found.json()["code"]) == (404, "stream.session_not_found")


def test_publishers_come_by_tls_too(tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost")
    named = ("-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate)
    subprocess.run([*made, *named], check=True, capture_output=True)
    port = free_port()
    tls = {"rtmps_port": port, "rtmps_certificate": certificate, "rtmps_key": key}
    trust = ssl.create_default_context(cafile=str(certificate))
    with live_house(tmp_path / "data", **tls) as house:
        stream = channel(house.pipeline.database)
        with HandPublisher(port, stream.secret, trust=trust) as one:
            one.send(FIRST)
            wait_until(lambda: house.newest(stream.id).facts.get("clock_ms", 0) >= 1960)


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_the_stack_s_nginx_passes_viewers_on_and_keeps_workers_inside(
    house: LiveHouse, stream: Channel, on: HandPublisher, tmp_path: Path
) -> None:
    del on
    with nginx.running(tmp_path, house.url) as url:
        with httpx.stream("GET", f"{url}/live/{stream.id}.flv") as answer:
            assert next(answer.iter_raw()).startswith(b"FLV")
        ws = Client.connect(f"{url.replace('http', 'ws')}{signed_address(house, stream)}")
        assert ws.receive(10).startswith(b"FLV")
        ws.close()
        session = house.newest(stream.id)
        token = live_access.token(house.pipeline.secret, session.id)
        inside = httpx.get(
            f"{url}/internal/sessions/{session.id}.flv",
            headers={"Authorization": f"Bearer {token}"},
        )
    assert inside.status_code == 404
