"""A TCP proxy before PostgreSQL that lies: the commit happened, and nobody says so."""

import selectors
import socket
from contextlib import closing
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_BLOCK_BYTES = 64 * 1024
#: As the client asks for it, and as the server reports it done; both end a protocol string.
_COMMIT = b"COMMIT\x00"


class CommitCutter:
    """Forwards connections; once armed, cuts one in so many right after its commit was done."""

    def __init__(self, database_url: str, *, every: int) -> None:
        address = urlsplit(database_url)
        self._server = (address.hostname or "127.0.0.1", address.port or 5432)
        self._every = every
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        #: What clients use instead.
        self.url = address._replace(netloc=f"{address.username}@127.0.0.1:{port}").geturl()
        self.armed = Event()
        self.n_cut = 0
        self._n_commits = 0
        self._lock = Lock()
        self._closing = Event()
        self._threads: list[Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        # Wakes the accepting thread.
        with closing(socket.create_connection(self._listener.getsockname())):
            pass
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _start(self, work: object, *arguments: object) -> None:
        thread = Thread(target=work, args=arguments, name="proxy")  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            client, _ = self._listener.accept()
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with closing(client):
            try:
                with closing(socket.create_connection(self._server)) as server:
                    self._forward(client, server)
            except OSError:
                return  # either side went away, as they may

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while not self._closing.is_set():
                for key, _ in selector.select(0.2):
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    data = source.recv(_BLOCK_BYTES)
                    if not data:
                        return
                    key.data.sendall(data)
                    if source is client and _COMMIT in data and self._is_next():
                        _swallow_answer(server)
                        return

    def _is_next(self) -> bool:
        if not self.armed.is_set():
            return False
        with self._lock:
            self._n_commits += 1
            is_cut = self._n_commits % self._every == 0
            self.n_cut += is_cut
        return is_cut


def _swallow_answer(server: socket.socket) -> None:
    answer = b""
    while _COMMIT not in answer:
        data = server.recv(_BLOCK_BYTES)
        if not data:
            return
        answer += data
