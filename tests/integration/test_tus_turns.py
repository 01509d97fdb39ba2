"""One writer at a time: reconnecting, racing and dying clients, in one API process and over two."""

import fcntl
import hashlib
import struct
import termios
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic
from urllib.parse import urlsplit

import httpx
import pytest

from pipeline.services import jobs
from tests.support.gunicorn_api import Gunicorn
from tests.support.served import Served, eventually, serving
from tests.support.tus import PATH, Tus
from tests.support.wire import Answer, CutKind, Wire, create, head

SIZE = 2_000_000
DATA = Random(1).randbytes(SIZE)
BODY = {"Content-Type": "application/offset+octet-stream"}


@dataclass(frozen=True)
class Doors:
    """Two addresses that lead to the same uploads; they may be one process."""

    one: str
    other: str
    served: Served


@pytest.fixture(params=["one process", "two processes"])
def doors(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Doors]:
    """Two of everything that is one per process, on shared servers; or the same one twice."""
    with ExitStack() as stack:
        if request.param == "one process":
            served = stack.enter_context(serving(tmp_path / "data"))
            yield Doors(served.url, served.url, served)
            return
        shared = {
            "database_url": request.getfixturevalue("postgres_database"),
            "redis_url": request.getfixturevalue("redis_url"),
        }
        first, second = (stack.enter_context(serving(tmp_path / "data", **shared)) for _ in "ab")
        yield Doors(first.url, second.url, first)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as http:
        yield http


def begun(location: str, offset_bytes: int, data: bytes, *, announced_bytes: int) -> Wire:
    """Send a part of what a PATCH announces, and stay."""
    wire = Wire(location)
    said = {"Upload-Offset": str(offset_bytes), "Content-Length": str(announced_bytes)}
    wire.begin("PATCH", urlsplit(location).path, {**BODY, **said})
    wire.send(data)
    return wire


def elsewhere(location: str, doors: Doors) -> str:
    return location.replace(doors.one, doors.other)


def sha256_of(doors: Doors, location: str, http: httpx.Client) -> str:
    at = urlsplit(location).path
    stands = Tus(doors.one, {}, http).status(at)
    with doors.served.pipeline.storage.open(f"assets/{stands['assetId']}/source") as blocks:
        return hashlib.sha256(b"".join(blocks)).hexdigest()


def test_whoever_comes_back_has_the_turn_within_a_second(doors: Doors, http: httpx.Client) -> None:
    location = create(f"{doors.one}{PATH}", SIZE)
    with begun(location, 0, DATA[:700_000], announced_bytes=SIZE) as stale:
        began = monotonic()
        answer = head(elsewhere(location, doors))
        took_s = monotonic() - began

        assert (answer.status, answer.offset_bytes) == (200, 700_000)
        assert took_s < 1.0
        assert stale.answer().status == 423
    there = Tus(doors.other, {}, http)
    assert there.send(urlsplit(location).path, 700_000, DATA[700_000:]).status_code == 204
    assert sha256_of(doors, location, http) == hashlib.sha256(DATA).hexdigest()


def test_whoever_deletes_it_has_the_turn_too(doors: Doors, http: httpx.Client) -> None:
    location = create(f"{doors.one}{PATH}", SIZE)
    with begun(location, 0, DATA[:700_000], announced_bytes=SIZE) as stale:
        there = Tus(doors.other, {}, http)

        assert there.ask("DELETE", urlsplit(location).path).status_code == 204
        assert stale.answer().status in {410, 423}
    assert head(location).status == 410


def test_a_patch_leaves_one_alone_whose_bytes_are_coming_in(
    doors: Doors, http: httpx.Client
) -> None:
    location = create(f"{doors.one}{PATH}", SIZE)
    at = urlsplit(location).path
    with begun(location, 0, DATA[:1000], announced_bytes=SIZE) as first:
        is_held = eventually(lambda: holder_of(doors, at) is not None)
        second = Tus(doors.other, {}, http).send(at, 0, DATA)
        first.send(DATA[1000:])
        answer = first.answer()

    assert is_held
    assert (second.status_code, second.json()["code"]) == (423, "upload.locked")
    assert second.headers["Retry-After"] == "1"
    assert answer.status == 204
    assert sha256_of(doors, location, http) == hashlib.sha256(DATA).hexdigest()


def holder_of(doors: Doors, at: str) -> str | None:
    with doors.served.pipeline.database.read() as tx:
        row = tx.uploads.get(at.rpartition("/")[2])  # type: ignore[arg-type]
    assert row is not None
    return row.holder


@pytest.mark.parametrize("rival", ["PATCH", "HEAD", "DELETE"])
def test_of_two_that_race_one_wins(doors: Doors, http: httpx.Client, rival: str) -> None:
    for seed in range(10):
        location = create(f"{doors.one}{PATH}", 100_000)
        at = urlsplit(location).path
        gate = threading.Barrier(2)

        def patch(url: str, at: str = at, gate: threading.Barrier = gate) -> int:
            with httpx.Client(trust_env=False) as mine:
                gate.wait()
                return Tus(url, {}, mine).send(at, 0, DATA[:100_000]).status_code

        def other(url: str, at: str = at, gate: threading.Barrier = gate) -> int:
            with httpx.Client(trust_env=False) as mine:
                gate.wait()
                if rival == "PATCH":
                    return Tus(url, {}, mine).send(at, 0, DATA[:100_000]).status_code
                return Tus(url, {}, mine).ask(rival, at).status_code

        with ThreadPoolExecutor(2) as pool:
            ours, theirs = pool.submit(patch, doors.one), pool.submit(other, doors.other)
            pair = (ours.result(), theirs.result())
        assert fair(rival, *pair), (rival, seed, pair)


def fair(rival: str, patched: int, other: int) -> bool:
    """Tell whether exactly one of them changed the upload, and the other was told so."""
    if rival == "PATCH":
        return sorted((patched, other)) in ([204, 409], [204, 423])
    if rival == "DELETE":
        return other == 204 and patched in {204, 409, 410, 423}
    # Both may have their way, one after the other.
    return other == 200 and patched in {204, 423}


def test_the_last_piece_sent_a_hundred_times_makes_one_job(
    doors: Doors, http: httpx.Client
) -> None:
    location = create(f"{doors.one}{PATH}", SIZE)
    at = urlsplit(location).path
    assert Tus(doors.one, {}, http).send(at, 0, DATA[:-1000]).status_code == 204

    def last(n: int) -> int:
        url = doors.one if n % 2 else doors.other
        with httpx.Client(trust_env=False, timeout=60) as mine:
            if n % 5 == 0:
                return Tus(url, {}, mine).ask("HEAD", at).status_code
            return Tus(url, {}, mine).send(at, SIZE - 1000, DATA[-1000:]).status_code

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(last, range(100)))

    assert set(answers) <= {200, 204, 409, 423}
    if Tus(doors.one, {}, http).offset(at) < SIZE:
        # A HEAD had the turn each time: what clients do then is send again.
        Tus(doors.one, {}, http).send(at, SIZE - 1000, DATA[-1000:])
    assert len(jobs.page(doors.served.pipeline.database, cursor=None, limit=10).items) == 1
    assert sha256_of(doors, location, http) == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize("kind", CutKind)
def test_gunicorn_keeps_what_a_cut_connection_brought(tmp_path: Path, kind: CutKind) -> None:
    server = Gunicorn(tmp_path)
    try:
        assert eventually(server.is_up, within_s=60)
        location = create(f"{server.url}{PATH}", SIZE)
        with begun(location, 0, DATA[:600_000], announced_bytes=SIZE) as wire:
            # What lies in our own kernel dies with a reset.
            assert eventually(lambda: is_drained(wire))
            wire.cut(kind)
            began = monotonic()
            answer = head(location)
        assert (answer.status, answer.offset_bytes) == (200, 600_000)
        assert monotonic() - began < 1.0
        with Wire(location) as wire:
            assert whole(wire, location, 600_000).status == 204
            # The connection stays good for what comes next.
            assert wire.ask("HEAD", urlsplit(location).path).offset_bytes == SIZE
    finally:
        server.process.kill()
        server.process.wait()


def is_drained(wire: Wire) -> bool:
    """Tell whether the other side's kernel has all that was sent."""
    left = fcntl.ioctl(wire._socket.fileno(), termios.TIOCOUTQ, bytes(4))
    return struct.unpack("i", left)[0] == 0


def whole(wire: Wire, location: str, offset_bytes: int) -> Answer:
    said = {"Upload-Offset": str(offset_bytes), "Content-Length": str(SIZE - offset_bytes)}
    return wire.ask("PATCH", urlsplit(location).path, {**BODY, **said}, [DATA[offset_bytes:]])


def test_a_body_in_chunks_counts_too(doors: Doors, http: httpx.Client) -> None:
    location = create(f"{doors.one}{PATH}", SIZE)
    blocks = (DATA[at : at + 70_000] for at in range(0, SIZE, 70_000))

    answer = http.patch(
        location,
        headers={**BODY, "Tus-Resumable": "1.0.0", "Upload-Offset": "0"},
        content=blocks,
    )

    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(SIZE))


def test_a_stalled_connection_is_given_up_and_what_came_is_kept(
    tmp_path: Path, http: httpx.Client
) -> None:
    with serving(tmp_path / "data", upload_stall_s=0.3) as served:
        location = create(f"{served.url}{PATH}", SIZE)
        with begun(location, 0, DATA[:500_000], announced_bytes=SIZE) as wire:
            answer = wire.answer()

        assert answer.status == 400
        assert b"upload.cut" in answer.body
        assert Tus(served.url, {}, http).offset(urlsplit(location).path) == 500_000
