"""A door that plays what a test gives it: FLV over HTTP as workers read it, nothing behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import is_keyframe, is_sequence_header
from pipeline.core.flv.tags import Tag, header, tag


class FlvDoor:
    """Holds the tags of one broadcast; each reader gets them from where it asks for."""

    def __init__(self) -> None:
        self.url = ""
        #: What readers asked for, in order.
        self.asked_ms: list[int] = []
        self._tags: list[Tag] = []
        self._is_over = False
        self._is_away = False
        self._turn = Condition()

    def add(self, *tags: Tag) -> None:
        """Have more come in."""
        with self._turn:
            self._tags += tags
            self._turn.notify_all()

    def end(self) -> None:
        """Have no more come."""
        with self._turn:
            self._is_over = True
            self._turn.notify_all()

    def leave(self) -> None:
        """Break all connections off, and hold nothing any more."""
        with self._turn:
            self._is_away = True
            self._turn.notify_all()

    def blocks(self, from_ms: int) -> Iterator[bytes]:
        """Give out FLV from the keyframe before a time on, then what comes."""
        self.asked_ms.append(from_ms)
        at = self._begin(from_ms)
        yield header()
        for one in self._setup(at):
            yield tag(one.kind, one.timestamp_ms, one.payload)
        while True:
            with self._turn:
                while at >= len(self._tags) and not self._is_over and not self._is_away:
                    self._turn.wait()
                if self._is_away or at >= len(self._tags):
                    return
                ready, at = self._tags[at:], len(self._tags)
            yield b"".join(tag(one.kind, one.timestamp_ms, one.payload) for one in ready)

    def _begin(self, from_ms: int) -> int:
        with self._turn:
            found = 0
            for at, one in enumerate(self._tags):
                is_begin = is_keyframe(one.kind, one.payload) or not self._has_video()
                if one.timestamp_ms <= from_ms and is_begin:
                    found = at
            return found

    def _has_video(self) -> bool:
        return any(one.kind is MediaKind.VIDEO for one in self._tags)

    def _setup(self, at: int) -> list[Tag]:
        found: dict[MediaKind, Tag] = {}
        for one in self._tags[:at]:
            if one.kind is MediaKind.DATA or is_sequence_header(one.kind, one.payload):
                found[one.kind] = one
        return list(found.values())

    @property
    def is_away(self) -> bool:
        """Whether it holds nothing."""
        return self._is_away


@contextmanager
def flv_door() -> Iterator[FlvDoor]:
    """Serve one."""
    door = FlvDoor()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if door.is_away:
                self.send_error(404)
                return
            self.send_response(200)
            self.end_headers()
            try:
                for block in door.blocks(int(self.path.partition("from_ms=")[2] or 0)):
                    self.wfile.write(block)
            except OSError:
                return

        def log_message(self, *args: Any) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    door.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        door.leave()
        server.shutdown()
        server.server_close()
        thread.join()
