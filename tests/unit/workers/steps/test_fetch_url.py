"""A source at an address: fetched over real sockets into a real folder."""

import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.core.egress import Rules
from pipeline.core.errors import (
    LeaseLost,
    NotMedia,
    ReelmillError,
    Stopped,
    StorageFull,
    TooLarge,
    UrlUnreachable,
)
from pipeline.outbound.guarded import GuardedOutbound
from pipeline.storage.directory import DirectoryStore
from schemas.fetching import FetchParams, FetchResult, UrlOrigin
from schemas.vocabulary import AssetId
from tests.support.fetch_intake import LIMITS, Intake
from tests.support.file_server import FileServer, film
from tests.support.origin import Origin, Visit, origin
from workers.steps import fetch

PARAMS = FetchParams(
    asset_id=AssetId("a1"), origin=UrlOrigin(shown="http://films.example/"), key="assets/a1/source"
)
MIB = 2**20


@pytest.fixture
def place() -> Iterator[Origin]:
    with origin({}) as running:
        yield running


@pytest.fixture
def bench(place: Origin, tmp_path: Path) -> Any:
    intake = Intake(DirectoryStore(tmp_path), place.url("/film.mp4?token=secret"))
    return SimpleNamespace(incoming=intake, stop=Event(), report=lambda _progress: None)


def served(place: Origin, body: bytes, **how: Any) -> FileServer:
    server = FileServer(body, **how)
    place.scripts["/film.mp4"] = server
    return server


def failure(bench: Any) -> ReelmillError:
    with pytest.raises(ReelmillError) as failed:
        fetch.run(PARAMS, bench)
    return failed.value


def assert_is(result: FetchResult, bench: Any, body: bytes) -> None:
    assert result.size_bytes == len(body)
    assert result.sha256 == hashlib.sha256(body).hexdigest()
    with bench.incoming.storage.open(result.key) as blocks:
        assert b"".join(blocks) == body


def test_a_file_comes_whole(place: Origin, bench: Any) -> None:
    body = film(3 * MIB)
    served(place, body)
    shares: list[float] = []
    bench.report = lambda progress: shares.append(progress[""])

    result = fetch.run(PARAMS, bench)

    assert_is(result, bench, body)
    assert result.key == "assets/a1/fetched-1/source"
    assert place.visits[0].path == "/film.mp4?token=secret"
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_file_whose_length_nobody_says_comes_whole(place: Origin, bench: Any) -> None:
    body = film(MIB)

    def chunked(visit: Visit) -> None:
        visit.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 100_000):
            piece = body[at : at + 100_000]
            visit.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        visit.send(b"0\r\n\r\n")

    place.scripts["/film.mp4"] = chunked

    assert_is(fetch.run(PARAMS, bench), bench, body)
    assert bench.incoming.state.length_bytes == MIB


def test_the_end_of_the_connection_may_be_the_files(place: Origin, bench: Any) -> None:
    body = film(MIB)
    served(place, body, headers={"content-length": ""})

    assert_is(fetch.run(PARAMS, bench), bench, body)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="Holidays 2026.mov"', "Holidays 2026.mov"),
        ("attachment; filename=../../etc/passwd", "passwd"),
        ("attachment; filename*=UTF-8''%EC%98%81%ED%99%94.mp4", "영화.mp4"),
        ('inline; filename="C:\\\\films\\\\a.mp4"', "a.mp4"),
        ("attachment", ""),
        ('attachment; filename=".."', ""),
    ],
)
def test_the_server_may_name_the_file(place: Origin, bench: Any, header: str, name: str) -> None:
    served(place, film(5000), headers={"content-disposition": header})

    assert fetch.run(PARAMS, bench).filename == name


def test_whoever_named_the_file_is_not_contradicted(place: Origin, bench: Any) -> None:
    served(place, film(5000), headers={"content-disposition": "attachment; filename=b.mp4"})
    bench.incoming.is_named = True

    assert fetch.run(PARAMS, bench).filename == ""


def test_a_broken_connection_is_gone_on_from(place: Origin, bench: Any) -> None:
    body = film(6 * MIB)
    served(place, body, cuts=[MIB, MIB, 300_000, 2 * MIB])

    result = fetch.run(PARAMS, bench)

    assert_is(result, bench, body)
    ranges = [visit.headers.get("range", "") for visit in place.visits]
    assert len(ranges) == 5
    assert ranges[0] == ""
    assert all(visit.headers["if-range"] == '"v1"' for visit in place.visits[1:])
    # Nothing is asked for twice.
    starts = [int(text.removeprefix("bytes=").rstrip("-")) for text in ranges[1:]]
    assert starts == [MIB, 2 * MIB, 2 * MIB + 300_000, 4 * MIB + 300_000]


def test_connections_that_bring_nothing_are_not_tried_for_ever(place: Origin, bench: Any) -> None:
    served(place, film(6 * MIB), cuts=[MIB, *[10] * 20])

    error = failure(bench)

    assert isinstance(error, UrlUnreachable)
    assert len(place.visits) == 1 + LIMITS.tries
    # What came is kept for the next attempt.
    assert bench.incoming.state.size_bytes >= MIB


def test_another_attempt_goes_on_where_one_stopped(place: Origin, bench: Any) -> None:
    body = film(6 * MIB)
    server = served(place, body, cuts=[4 * MIB, *[10] * 20])
    failure(bench)
    n_safe = bench.incoming.state.size_bytes
    server.cuts.clear()
    place.visits.clear()

    result = fetch.run(PARAMS, bench)

    assert_is(result, bench, body)
    assert n_safe >= 4 * MIB
    assert [visit.headers["range"] for visit in place.visits] == [f"bytes={n_safe}-"]


def test_an_attempt_that_died_before_its_finish_was_noted_is_repeated(
    place: Origin, bench: Any
) -> None:
    body = film(MIB)
    served(place, body)
    fetch.run(PARAMS, bench)
    place.visits.clear()

    assert_is(fetch.run(PARAMS, bench), bench, body)
    assert place.visits == []


def test_a_file_that_changed_is_fetched_from_its_beginning(place: Origin, bench: Any) -> None:
    other = film(4 * MIB)[::-1]
    other = film(100) + other

    def change(server: FileServer, visit: Visit) -> None:
        if "range" in visit.headers:
            server.body, server.etag = other, '"v2"'

    served(place, film(4 * MIB), cuts=[2 * MIB], before=change)

    result = fetch.run(PARAMS, bench)

    assert_is(result, bench, other)
    assert bench.incoming.n_beginnings == 1
    assert result.key == "assets/a1/fetched-2/source"


@pytest.mark.parametrize("how", [{"has_ranges": False}, {"etag": ""}, {"etag": 'W/"v1"'}])
def test_a_server_that_cannot_go_on_is_asked_for_all_again(
    place: Origin, bench: Any, how: dict[str, Any]
) -> None:
    body = film(2 * MIB)
    served(place, body, cuts=[MIB], **how)

    assert_is(fetch.run(PARAMS, bench), bench, body)
    assert bench.incoming.n_beginnings == 1


def test_a_server_that_never_gets_to_the_end_is_given_up(place: Origin, bench: Any) -> None:
    served(place, film(2 * MIB), has_ranges=False, cuts=[MIB] * 9)

    assert failure(bench).instance_code == "url.not_resumable"


def test_the_wrong_range_is_not_taken_for_the_rest(place: Origin, bench: Any) -> None:
    body = film(2 * MIB)

    def lie(visit: Visit) -> None:
        if "range" not in visit.headers:
            visit.answer(200, body[:MIB], content_length=str(len(body)), etag='"v1"')
            return
        visit.answer(206, body[100:], content_range=f"bytes 100-{len(body) - 1}/{len(body)}")

    place.scripts["/film.mp4"] = lie

    assert failure(bench).instance_code == "url.not_resumable"


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><html>Please log in</html>" * 200, b"#EXTM3U\n"])
def test_a_page_is_no_film(place: Origin, bench: Any, body: bytes) -> None:
    served(place, body)

    error = failure(bench)

    assert isinstance(error, NotMedia)
    assert bench.incoming.state is None or bench.incoming.state.size_bytes == 0


def test_nothing_is_no_film(place: Origin, bench: Any) -> None:
    served(place, b"")

    assert failure(bench).instance_code == "media.empty"


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (401, "url.denied", False),
        (403, "url.denied", False),
        (404, "url.missing", False),
        (410, "url.missing", False),
        (418, "url.failed", False),
        (204, "url.failed", False),
        (206, "url.failed", False),
        (302, "url.failed", False),
        (429, "url.busy", True),
        (500, "url.busy", True),
        (503, "url.busy", True),
    ],
)
def test_a_status_says_what_is_wrong(
    place: Origin, bench: Any, status: int, code: str, *, retryable: bool
) -> None:
    place.scripts["/film.mp4"] = lambda visit: visit.answer(status, b"no")

    error = failure(bench)

    assert (error.instance_code, error.retryable) == (code, retryable)
    assert "secret" not in error.detail
    assert len(place.visits) == 1


@pytest.mark.parametrize(
    ("said", "delay_s"), [("120", 120.0), ("Thu, 26 Nov 2026 10:00:00 GMT", 60.0), ("x", 60.0)]
)
def test_a_server_may_say_when_to_come_again(
    place: Origin, bench: Any, said: str, delay_s: float
) -> None:
    place.scripts["/film.mp4"] = lambda visit: visit.answer(429, retry_after=said)

    error = failure(bench)

    assert isinstance(error, UrlUnreachable)
    assert error.delay_s == delay_s


def test_a_packed_file_is_refused(place: Origin, bench: Any) -> None:
    served(place, film(5000), headers={"content-encoding": "gzip"})

    assert failure(bench).instance_code == "url.packed"
    assert place.visits[0].headers["accept-encoding"] == "identity"


def test_a_file_that_says_it_is_too_large_is_not_begun(place: Origin, bench: Any) -> None:
    served(place, film(5000))
    bench.incoming.limits = replace(LIMITS, size_bytes=4999)

    error = failure(bench)

    assert isinstance(error, TooLarge)
    assert error.instance_code == "url.too_large"


def test_a_body_without_an_end_is_stopped_at_the_limit(place: Origin, bench: Any) -> None:
    block = film(65536)

    def endless(visit: Visit) -> None:
        visit.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while not visit.is_over.is_set():
            visit.send(block)

    place.scripts["/film.mp4"] = endless
    bench.incoming.limits = replace(LIMITS, size_bytes=8 * MIB)

    assert failure(bench).instance_code == "url.too_large"
    assert bench.incoming.state.size_bytes <= 8 * MIB


def test_a_file_that_has_no_room_is_not_begun(
    place: Origin, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(place, film(MIB))
    monkeypatch.setattr(bench.incoming.storage, "free_bytes", lambda: MIB - 1)

    assert isinstance(failure(bench), StorageFull)


def test_dripping_bytes_end_the_attempt(place: Origin, bench: Any) -> None:
    def drip(visit: Visit) -> None:
        visit.send(b'HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\netag: "v1"\r\n\r\n')
        visit.send(film(5000))
        while not visit.is_over.wait(0.02):
            visit.send(b"a")

    place.scripts["/film.mp4"] = drip
    bench.incoming.limits = replace(LIMITS, floor_bytes_s=8192, window_s=0.3)

    assert failure(bench).instance_code == "url.too_slow"
    assert len(place.visits) == 1


def test_all_of_it_has_a_time(place: Origin, bench: Any) -> None:
    def drip(visit: Visit) -> None:
        visit.send(b'HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\netag: "v1"\r\n\r\n')
        while not visit.is_over.wait(0.02):
            visit.send(film(100))

    place.scripts["/film.mp4"] = drip
    bench.incoming.limits = replace(LIMITS, total_s=0.5)

    assert failure(bench).instance_code == "url.timed_out"


def test_a_stop_ends_a_fetch_within_a_second(place: Origin, bench: Any) -> None:
    came = Event()

    def stall(visit: Visit) -> None:
        visit.send(b'HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\netag: "v1"\r\n\r\n')
        visit.send(film(5000))
        came.set()
        visit.is_over.wait(20)

    place.scripts["/film.mp4"] = stall
    stopper = threading.Thread(target=lambda: came.wait(10) and bench.stop.set())
    stopper.start()
    began_at_s = time.monotonic()

    assert isinstance(failure(bench), Stopped)
    stopper.join()
    assert time.monotonic() - began_at_s < 5


def test_whoever_lost_its_right_writes_no_more(place: Origin, bench: Any) -> None:
    def take_over(_server: FileServer, _visit: Visit) -> None:
        bench.incoming.epoch += 1

    served(place, film(MIB), before=take_over)

    assert isinstance(failure(bench), LeaseLost)
    assert bench.incoming.kept == []


def test_an_address_that_turned_private_is_refused(bench: Any) -> None:
    bench.incoming.call = GuardedOutbound(
        Rules(), resolver=lambda _host, _port: ["169.254.169.254"]
    ).call
    bench.incoming.url = "http://films.example/film.mp4"

    error = failure(bench)

    assert (error.instance_code, error.retryable) == ("url.private", False)
