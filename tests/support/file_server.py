"""A server of files that answers ranges as real ones do, and misbehaves as told."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.origin import Visit

#: The head of an ISO file: enough to pass for media.
HEAD = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"


def film(size_bytes: int) -> bytes:
    """Bytes that begin as an MP4 does and never repeat where it would hide a mistake."""
    n_blocks = size_bytes // 32 + 1
    rest = b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(n_blocks))
    return (HEAD + rest)[:size_bytes]


@dataclass
class FileServer:
    """One file; ``cuts`` are how many bytes each further connection brings before it breaks."""

    body: bytes
    etag: str = '"v1"'
    has_ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    #: Called before each connection's bytes.
    before: Callable[["FileServer", Visit], None] = lambda _server, _visit: None

    def __call__(self, visit: Visit) -> None:
        """Answer one request."""
        self.before(self, visit)
        start = self._start(visit)
        rest = self.body[start:]
        told = {"content-length": str(len(rest)), "etag": self.etag, **self.headers}
        if start:
            last = len(self.body) - 1
            told["content-range"] = f"bytes {start}-{last}/{len(self.body)}"
        status = "206 Partial Content" if start else "200 OK"
        lines = [f"HTTP/1.1 {status}", *(f"{k}: {v}" for k, v in told.items() if v)]
        visit.send("\r\n".join([*lines, "", ""]).encode())
        if self.cuts:
            visit.send(rest[: self.cuts.pop(0)])
            visit.sock.close()
        else:
            visit.send(rest)

    def _start(self, visit: Visit) -> int:
        wanted = visit.headers.get("range", "")
        is_same = visit.headers.get("if-range", self.etag) == self.etag
        if not self.has_ranges or not is_same or not wanted.startswith("bytes="):
            return 0
        return int(wanted.removeprefix("bytes=").rstrip("-"))
