"""One file from a server of others, over as many connections as it takes."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Event

from pipeline.core.download import OtherFileError, check_size, read
from pipeline.core.errors import ReelmillError, Stopped, StorageFull, UrlUnreachable
from pipeline.core.sniff import HEAD_BYTES, sniff
from pipeline.outbound.port import Answer, Call
from pipeline.storage.port import Draft
from schemas.fetching import FetchState
from workers.bench import Limits

#: A connection that brought less did not help.
_HELPFUL_BYTES = 256 * 1024
_LONGEST_PAUSE_S = 16.0
_REDIRECTS = 5


@dataclass(frozen=True)
class Ways:
    """What a download reaches of the world."""

    call: Callable[[Call], AbstractContextManager[Answer]]
    stop: Event
    #: Room left for the file; None where nobody can say.
    room_bytes: Callable[[], int | None]
    #: Hears how many bytes there are and how many there will be, with each block.
    on_bytes: Callable[[int, int | None], None]


class Download:
    """A file's bytes from where an earlier attempt stopped, asked for once."""

    def __init__(self, url: str, state: FetchState, limits: Limits, ways: Ways) -> None:
        self._url = url
        self._limits = limits
        self._ways = ways
        self._n_bytes = state.size_bytes
        self._length_bytes = state.length_bytes
        self._validator = state.validator
        self._filename = state.filename
        #: Only whoever sees the first byte can digest as bytes pass.
        self._digest = None if state.size_bytes else hashlib.sha256()
        self._ends_at_s = time.monotonic() + limits.total_s
        self._n_idle_tries, self._n_at_try = 0, state.size_bytes
        #: When the pace was last judged, and what came since.
        self._window = (time.monotonic(), 0)
        #: What ended the blocks before the file's end.
        self.error: ReelmillError | OtherFileError | None = None

    @property
    def sha256(self) -> str | None:
        """Digest of all of the file; None where another attempt had its beginning."""
        return None if self._digest is None else self._digest.hexdigest()

    def state(self, draft: Draft) -> FetchState:
        """Say how far it is, for whoever goes on."""
        return FetchState(
            key=draft.key,
            size_bytes=draft.size_bytes,
            notes=dict(draft.state),
            validator=self._validator,
            length_bytes=self._length_bytes,
            filename=self._filename,
        )

    def blocks(self) -> Iterator[bytes]:
        """Pass the bytes on; what goes wrong ends them, so that what came is kept: ``error``."""
        try:
            while True:
                try:
                    yield from self._connection()
                except UrlUnreachable as exc:
                    self._pause(exc)
                else:
                    self._length_bytes = self._n_bytes
                    return
        except (ReelmillError, OtherFileError) as exc:
            self.error = exc

    def _connection(self) -> Iterator[bytes]:
        headers = {}
        if self._n_bytes:
            headers = {"range": f"bytes={self._n_bytes}-", "if-range": self._validator}
        call = Call(
            self._url,
            headers=headers,
            redirects=_REDIRECTS,
            read_s=self._limits.read_s,
            total_s=max(0.0, self._ends_at_s - time.monotonic()),
            is_stopped=self._ways.stop.is_set,
        )
        with self._ways.call(call) as answer:
            self._hear(answer)
            for block in self._sniffed(self._paced(answer.blocks)):
                self._count(block)
                yield block
        if self._n_bytes < (self._length_bytes or 0):
            raise UrlUnreachable("the server sent less than it said")

    def _hear(self, answer: Answer) -> None:
        told = read(answer.status, answer.headers, start=self._n_bytes, validator=self._validator)
        self._validator = told.validator
        self._filename = told.filename or self._filename
        self._length_bytes = told.length_bytes
        check_size(told.length_bytes or 0, self._limits.size_bytes)
        room_bytes = self._ways.room_bytes()
        if room_bytes is not None and (told.length_bytes or 0) - self._n_bytes > room_bytes:
            raise StorageFull("the storage has no room for the file")
        self._window = (time.monotonic(), 0)

    def _sniffed(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Refuse what is no media by its first bytes, before the rest is fetched."""
        coming = iter(blocks)
        if not self._n_bytes:
            head = b""
            while len(head) < HEAD_BYTES and (block := next(coming, b"")):
                head += block
            sniff(head[:HEAD_BYTES])
            yield head
        yield from coming

    def _count(self, block: bytes) -> None:
        check_size(self._n_bytes + len(block), self._limits.size_bytes)
        self._n_bytes += len(block)
        if self._digest is not None:
            self._digest.update(block)
        self._ways.on_bytes(self._n_bytes, self._length_bytes)

    def _paced(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._check_pace(len(block))
            yield block

    def _check_pace(self, n_new: int) -> None:
        since_s, n_bytes = self._window
        n_bytes += n_new
        passed_s = time.monotonic() - since_s
        if passed_s < self._limits.window_s:
            self._window = (since_s, n_bytes)
            return
        if n_bytes < passed_s * self._limits.floor_bytes_s:
            raise UrlUnreachable("the server sends too slowly", code="url.too_slow")
        self._window = (time.monotonic(), 0)

    def _pause(self, error: UrlUnreachable) -> None:
        """Wait before the next connection, or give up for this attempt."""
        if not self._n_bytes:
            raise error
        if not self._validator:
            raise OtherFileError from error
        if self._n_bytes - self._n_at_try >= _HELPFUL_BYTES:
            self._n_idle_tries = 0
        self._n_at_try = self._n_bytes
        self._n_idle_tries += 1
        is_over = time.monotonic() >= self._ends_at_s or error.instance_code == "url.too_slow"
        pause_s = max(self._limits.pause_s * 2.0 ** (self._n_idle_tries - 1), error.delay_s)
        if is_over or self._n_idle_tries > self._limits.tries or pause_s > _LONGEST_PAUSE_S:
            raise error
        if self._ways.stop.wait(pause_s):
            raise Stopped("asked to stop between two connections")
