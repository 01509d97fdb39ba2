"""A receiver of webhooks: real HTTP on loopback, answering as a test says, checking signatures.

The check is written after the Standard Webhooks specification and shares no code with ours.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Any

Handler = Callable[["Arrived", BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Arrived:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at_s: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        """Its body."""
        return json.loads(self.body)

    @property
    def id(self) -> str:
        """What a repeat is known by."""
        return self.headers["webhook-id"]

    def is_signed_with(self, secret: str) -> bool:
        """Check it as the specification says."""
        assert secret.startswith("whsec_")
        key = base64.b64decode(secret[len("whsec_") :])
        content = b".".join(
            [self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body]
        )
        assert abs(time.time() - int(self.headers["webhook-timestamp"])) < 300
        wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return f"v1,{wanted}" in self.headers["webhook-signature"].split(" ")


def status(code: int, body: bytes = b"", **headers: str) -> Handler:
    """Answer with a status."""

    def answer(_: Arrived, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


class Receiver:
    """What arrived, by path; and what is answered, the last answer for ever."""

    def __init__(self) -> None:
        self.arrived: list[Arrived] = []
        self._changed = Condition()
        self._answers: dict[str, list[Handler]] = {}
        #: Set when the receiver ends, so that answers that wait end too.
        self.is_over = Event()
        self.url = ""

    def answer(self, path: str, *answers: Handler) -> str:
        """Say how requests to a path are answered; return its address."""
        self._answers[path] = list(answers)
        return f"{self.url}{path}"

    def at(self, path: str) -> list[Arrived]:
        """List what arrived at a path."""
        return [one for one in self.arrived if one.path == path]

    def wait_for(self, n: int, path: str | None = None, within_s: float = 30.0) -> list[Arrived]:
        """Wait until so many have arrived."""

        def found() -> list[Arrived]:
            return self.arrived if path is None else self.at(path)

        with self._changed:
            is_there = self._changed.wait_for(lambda: len(found()) >= n, within_s)
            assert is_there, f"{len(found())} of {n} arrived"
            return list(found())

    def take(self, arrived: Arrived) -> Handler:
        """Note a request and choose its answer."""
        with self._changed:
            self.arrived.append(arrived)
            answers = self._answers.get(arrived.path, [])
            chosen = answers[0] if answers else status(204)
            if len(answers) > 1:
                answers.pop(0)
            self._changed.notify_all()
        return chosen


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive until the block ends."""
    receiver = Receiver()

    class Request(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            arrived = Arrived(self.path, headers, self.rfile.read(length))
            try:
                receiver.take(arrived)(arrived, self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Request)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()
