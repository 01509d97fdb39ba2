"""The keys of an app in front, over HTTP: fetched by the guard, with restraint."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from pipeline.credentials.jwks import MAX_BYTES
from tests.support import forged
from tests.support.forged import KID, UPSTREAM, UPSTREAM_AUDIENCE, Ground
from tests.support.served import Served, serving
from tests.support.waiting import wait_until

GROUND = Ground("kim", "", b"k" * 32)


class Publisher:
    """An app that publishes its keys on this box."""

    def __init__(self) -> None:
        self.document = forged.document(forged.public_jwk(forged.rsa_key()))
        self.status = 200
        self.n_asked = 0
        self.url = ""


@contextmanager
def publishing() -> Iterator[Publisher]:
    publisher = Publisher()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            publisher.n_asked += 1
            self.send_response(publisher.status)
            self.send_header("Content-Length", str(len(publisher.document)))
            if publisher.status == 302:
                self.send_header("Location", f"{publisher.url}/elsewhere")
            self.end_headers()
            self.wfile.write(publisher.document)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
        publisher.url = f"http://127.0.0.1:{server.server_port}/jwks.json"
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield publisher
        server.shutdown()
        thread.join()


@contextmanager
def trusting(folder: Path, publisher: Publisher, **settings: object) -> Iterator[Served]:
    upstream = {
        "jwt_issuer": UPSTREAM,
        "jwt_audience": UPSTREAM_AUDIENCE,
        "jwt_jwks": publisher.url,
        "egress_allow": "127.0.0.0/8",
    }
    with serving(
        folder, anonymous_role="", rate_limits="never", **{**upstream, **settings}
    ) as served:
        yield served


def ask(api: Served, token: str) -> httpx.Response:
    return httpx.get(f"{api.url}/api/auth/me", headers={"Authorization": f"Bearer {token}"})


def test_keys_are_fetched_once_and_unknown_ids_cost_one_look_a_minute(tmp_path: Path) -> None:
    with publishing() as publisher, trusting(tmp_path, publisher) as api:
        assert publisher.n_asked == 0
        assert [ask(api, GROUND.theirs()).status_code for _ in range(5)] == [200] * 5
        forged_ids = [ask(api, GROUND.theirs({"kid": f"x{n}"})).status_code for n in range(20)]

        assert forged_ids == [401] * 20
        assert publisher.n_asked == 1


def test_a_new_key_is_found(tmp_path: Path) -> None:
    with publishing() as publisher, trusting(tmp_path, publisher, jwt_jwks_refetch_s=1) as api:
        publisher.document = forged.document(forged.public_jwk(forged.rsa_key("old"), "old"))
        assert ask(api, GROUND.theirs()).status_code == 401
        publisher.document = forged.document(forged.public_jwk(forged.rsa_key(), KID))

        wait_until(lambda: ask(api, GROUND.theirs()).is_success, timeout_s=10)

        assert publisher.n_asked == 2


@pytest.mark.parametrize("fault", ["away", "html", "huge", "redirect", "refused"])
def test_without_keys_nobody_is_let_in_and_it_says_why(tmp_path: Path, fault: str) -> None:
    with publishing() as publisher:
        settings: dict[str, object] = {}
        if fault == "away":
            publisher.status = 500
        if fault == "html":
            publisher.document = b"<html>"
        if fault == "huge":
            publisher.document = b" " * (MAX_BYTES + 1) + publisher.document
        if fault == "redirect":
            publisher.status = 302
        if fault == "refused":
            settings["egress_allow"] = ""
        with trusting(tmp_path, publisher, **settings) as api:
            answers = [ask(api, GROUND.theirs()) for _ in range(3)]
            # Whoever does not come from there is not held up.
            ours = httpx.get(f"{api.url}/api/auth/me")

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
        (503, "unavailable.jwks")
    }
    assert ours.status_code == 401
    assert publisher.n_asked <= 1
    assert publisher.url not in answers[0].text
