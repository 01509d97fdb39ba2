"""One upload over as many connections as it takes."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urljoin, urlsplit

import httpx

from api.client import tus
from api.client.problems import ApiError, foreign, problem_of, raise_for, unreachable
from api.client.sources import Source
from api.client.tus import Verdict

#: So long may nothing arrive before we give up; what has arrived waits on the server.
PATIENCE_S = 120.0

Failure = httpx.Response | httpx.TransportError


class Sender:
    """Brings a source to one server; ``on_offset`` hears how much is under way or there."""

    def __init__(
        self,
        http: httpx.Client,
        base_url: str,
        on_offset: Callable[[int], None],
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._http, self._base_url = http, base_url
        self._on_offset = on_offset
        self._patience_s = patience_s
        self._give_up_at = time.monotonic() + patience_s
        self._n_failures = 0

    def create(self, length_bytes: int | None, metadata: Mapping[str, str]) -> str:
        """Announce an upload and return its address.

        Raises:
            ApiError: refused, or nobody there: nothing was begun that is worth trying again.
        """
        headers = {**tus.creation(length_bytes, metadata), "Content-Length": "0"}
        answer = self._ask("POST", self._base_url + tus.PATH, headers)
        raise_for(answer)
        location: str = answer.headers.get("Location", "")
        address = urljoin(self._base_url + tus.PATH, location)
        # Our credentials go there: only to the server they are for.
        if urlsplit(address)[:2] != urlsplit(self._base_url)[:2]:
            raise foreign(self._base_url)
        return address

    def find(self, address: str) -> int | None:
        """Ask how much of an earlier upload is there; None where it is gone.

        Raises:
            ApiError: refused, or nobody there.
        """
        answer = self._ask("HEAD", address, tus.VERSION)
        if tus.verdict(answer.status_code) is Verdict.LATER:
            answer = self._look(address, answer)
        if tus.verdict(answer.status_code) is Verdict.GONE:
            return None
        return self._offset(answer)

    def send(self, address: str, source: Source, offset_bytes: int = 0) -> None:
        """Send what is missing, until all is there.

        Raises:
            ApiError: refused, or nothing arrived for longer than our patience.
            OSError: the source cannot be read, or changes meanwhile.
        """
        while n_bytes := source.piece(offset_bytes):
            before_bytes = offset_bytes
            offset_bytes = self._send_piece(address, source, offset_bytes, n_bytes)
            self._on_offset(offset_bytes)
            if offset_bytes > before_bytes:
                self._n_failures = 0
                self._give_up_at = time.monotonic() + self._patience_s
        if source.late_length_bytes == 0:
            # Nothing came, and nobody has said so yet.
            self._send_piece(address, source, 0, 0)

    def terminate(self, address: str) -> None:
        """Take an upload back."""
        raise_for(self._ask("DELETE", address, tus.VERSION))

    def _send_piece(self, address: str, source: Source, offset_bytes: int, n_bytes: int) -> int:
        headers = tus.piece(offset_bytes, n_bytes, source.late_length_bytes)
        body = self._counted(source.blocks(offset_bytes, n_bytes), offset_bytes)
        try:
            answer = self._http.request("PATCH", address, headers=headers, content=body)
        except httpx.TransportError as error:
            return self._offset(self._look(address, error))
        if tus.verdict(answer.status_code) is Verdict.LATER:
            answer = self._look(address, answer)
        return self._offset(answer)

    def _counted(self, blocks: Iterator[bytes], offset_bytes: int) -> Iterator[bytes]:
        for block in blocks:
            yield block
            offset_bytes += len(block)
            self._on_offset(offset_bytes)

    def _look(self, address: str, failure: Failure) -> httpx.Response:
        """Ask again and again how much arrived, once something went wrong."""
        while True:
            self._wait(failure)
            try:
                answer = self._http.request("HEAD", address, headers=dict(tus.VERSION))
            except httpx.TransportError as error:
                failure = error
            else:
                if tus.verdict(answer.status_code) is not Verdict.LATER:
                    return answer
                failure = answer

    def _wait(self, failure: Failure) -> None:
        wish = None
        if isinstance(failure, httpx.Response):
            wish = failure.headers.get("Retry-After")
        if time.monotonic() > self._give_up_at:
            raise self._given_up(failure)
        pause_s = tus.pause_s(self._n_failures, random.random(), wish)  # noqa: S311 - no secret
        self._n_failures += 1
        time.sleep(pause_s)

    def _given_up(self, failure: Failure) -> ApiError:
        if isinstance(failure, httpx.Response):
            return problem_of(failure)
        return unreachable(self._base_url, failure)

    def _ask(self, method: str, address: str, headers: Mapping[str, str]) -> httpx.Response:
        try:
            return self._http.request(method, address, headers=dict(headers))
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise unreachable(self._base_url, error) from error

    def _offset(self, answer: httpx.Response) -> int:
        raise_for(answer)
        try:
            return tus.offset(answer.headers)
        except ValueError:
            raise foreign(self._base_url) from None
