"""Bytes poured into a door as fast as it takes them, and how long that took."""

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.support.padded import PaddedFilm
from tests.support.wire import BODY_TYPE, Answer, Wire, WireError, create

#: Made once: making bytes must not be what is measured.
_ROUND_BYTES = 32 * 2**20


class Pour:
    """A film's beginning, and after it the same bytes round and round."""

    def __init__(self, clip: bytes, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._round = PaddedFilm(clip, max(size_bytes, _ROUND_BYTES)).read(0, _ROUND_BYTES)

    def blocks(self, start_byte: int, end_byte: int) -> Iterator[memoryview]:
        """Give the bytes of a range in large blocks."""
        view = memoryview(self._round)
        while start_byte < end_byte:
            at = start_byte % _ROUND_BYTES
            block = view[at : at + min(2**20, end_byte - start_byte)]
            yield block
            start_byte += len(block)


def pour(url: str, source: Pour, *, piece_bytes: int | None = None) -> tuple[str, float]:
    """Upload it over one connection; return the address and the seconds.

    In one PATCH, or in as many as pieces of a size make; the last answer ends the time.
    """
    piece_bytes = piece_bytes or source.size_bytes
    location = create(url, source.size_bytes, {"filename": "film.mp4"})
    target = urlsplit(location).path
    began_s = time.monotonic()
    with Wire(location, send_buffer_bytes=0) as wire:
        for start_byte in range(0, source.size_bytes, piece_bytes):
            end_byte = min(start_byte + piece_bytes, source.size_bytes)
            _expect(_patch(wire, target, source, start_byte, end_byte), end_byte)
    return location, time.monotonic() - began_s


def _patch(wire: Wire, target: str, source: Pour, start_byte: int, end_byte: int) -> Answer:
    headers = {
        "Content-Type": BODY_TYPE,
        "Content-Length": str(end_byte - start_byte),
        "Upload-Offset": str(start_byte),
    }
    return wire.ask("PATCH", target, headers, source.blocks(start_byte, end_byte))


def _expect(answer: Answer, offset_bytes: int) -> None:
    if answer.status != 204 or answer.offset_bytes != offset_bytes:
        raise WireError(f"{answer.status} instead of {offset_bytes} bytes: {answer.body[:500]!r}")
