import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.client.connection import ConnectionLostError, connect
from tests.support.gunicorn_api import Gunicorn
from tests.support.served import eventually


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[Gunicorn]:
    server = Gunicorn(tmp_path)
    try:
        assert eventually(server.is_up, within_s=60)
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def test_sockets_get_a_goodbye_and_the_process_ends_soon(gunicorn: Gunicorn) -> None:
    with connect(f"{gunicorn.url}/api/events") as messages:
        assert '"snapshot"' in next(messages)
        gunicorn.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionLostError) as end:
            next(messages)

    assert end.value.code == 1012
    assert gunicorn.process.wait(8) == 0


def test_sockets_at_the_cap_leave_threads_for_requests(gunicorn: Gunicorn) -> None:
    url = f"{gunicorn.url}/api/events"
    with connect(url) as one, connect(url) as two, connect(url) as three:
        for messages in (one, two, three):
            next(messages)
        full = httpx.get(
            url,
            headers={
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            },
        )
        assert (full.status_code, full.json()["code"]) == (503, "websocket.full")
        assert httpx.get(f"{gunicorn.url}/api/jobs").status_code == 200


def test_uploads_are_taken_whole_or_not_at_all(gunicorn: Gunicorn) -> None:
    sent = httpx.post(f"{gunicorn.url}/api/assets", content=(bytes(2**20) for _ in range(8)))
    with socket.create_connection(("127.0.0.1", gunicorn.port), timeout=10) as wire:
        wire.sendall(b"POST /api/assets HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nshort")
        wire.shutdown(socket.SHUT_WR)
        short = wire.makefile("rb").read()
    kept = httpx.get(f"{gunicorn.url}/api/assets").json()["items"]

    assert sent.json()["size_bytes"] == 8 * 2**20
    assert b" 400 " in short.splitlines()[0]
    assert [asset["id"] for asset in kept] == [sent.json()["id"]]
