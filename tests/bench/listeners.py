"""Many light websocket clients in one process, so that they cost the box less than the server.

``python -m tests.bench.listeners PORT PATH N_CLIENTS``: says ``ready`` when every client has its
snapshot; ends when each has seen the last tick, and prints what it took, in seconds, from
the time each tick carries to its arrival.
"""

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator

from tests.support.sockets import HANDSHAKE

#: Task of the tick after which none comes.
LAST = "last"
_PATIENCE_S = 20.0
_TEXT, _PING = 0x81, 0x89
#: A pong without content; a client's frames are masked.
_PONG = b"\x8a\x80\x00\x00\x00\x00"


class Listener:
    """One client."""

    def __init__(self, port: int, path: str) -> None:
        self.wire = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)
        host = f"127.0.0.1:{port}"
        self.wire.sendall(HANDSHAKE.format(path=path, host=host, more="").encode())
        self._unread = b""
        while b"\r\n\r\n" not in self._unread:
            self._unread += self.wire.recv(65536)
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        assert b" 101 " in head.splitlines()[0], head
        while not list(self.texts()):  # the snapshot
            self._unread += self.wire.recv(65536)

    def receive(self) -> Iterator[bytes]:
        """Read what has come and yield the whole texts in it."""
        came = self.wire.recv(65536)
        assert came, "the server hung up"
        self._unread += came
        return self.texts()

    def texts(self) -> Iterator[bytes]:
        """Yield whole texts, answer pings."""
        while (frame := self._frame()) is not None:
            kind, payload = frame
            if kind == _PING:
                self.wire.sendall(_PONG)
            elif kind == _TEXT:
                yield payload

    def _frame(self) -> tuple[int, bytes] | None:
        data = self._unread
        n_head, size = 2, data[1] if len(data) > 1 else 0
        if size >= 126:
            n_head = 4 if size == 126 else 10
            size = int.from_bytes(data[2:n_head], "big")
        if len(data) < n_head + size:
            return None
        self._unread = data[n_head + size :]
        return data[0], data[n_head : n_head + size]


def listen(port: int, path: str, n_clients: int) -> None:
    """Connect all, say so, collect delays until the last tick has come everywhere."""
    selector = selectors.DefaultSelector()
    for _ in range(n_clients):
        listener = Listener(port, path)
        selector.register(listener.wire, selectors.EVENT_READ, listener)
    print("ready", flush=True)
    delays_s: list[float] = []
    n_open = n_clients
    while n_open and (due := selector.select(_PATIENCE_S)):
        for key, _ in due:
            for text in key.data.receive():
                tick = json.loads(text)
                if tick["type"] != "progress":
                    continue
                if tick["task_id"] == LAST:
                    n_open -= 1
                else:
                    delays_s.append(time.monotonic() - tick["speed"])
    print(json.dumps(delays_s))


if __name__ == "__main__":
    listen(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
