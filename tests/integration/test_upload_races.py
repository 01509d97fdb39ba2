"""Two API processes, one upload, two requests at the same moment: one of them wins."""

import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from random import Random
from threading import Barrier
from urllib.parse import urlsplit

import pytest

from pipeline.core.keys import source_key
from schemas.vocabulary import AssetId
from tests.support.doors import TUS_PATH, s3_settings, s3_sha256, upload_status
from tests.support.padded import PaddedFilm, small_clip
from tests.support.postgres import create_database, drop_database
from tests.support.roles import Api
from tests.support.seaweed import S3Address
from tests.support.wire import BODY_TYPE, Answer, Wire, WireError, create, head, offset_when_free

N_PAIRS = 200
N_STALE = 20
HEAD_WITHIN_S = 1.0
PIECE_BYTES = 100_000
SIZE_BYTES = 3 * PIECE_BYTES
#: What one who lost hears; 0 stands for a connection that ended without an answer.
LOST = {404, 409, 410, 423, 0}


@dataclass(frozen=True)
class Apis:
    """Two processes on the same database, bucket and bus."""

    urls: tuple[str, str]
    s3: S3Address

    def other(self, location: str) -> str:
        """Name the same upload at the second process."""
        return self.urls[1] + urlsplit(location).path


@pytest.fixture(scope="module")
def apis(
    rabbitmq_url: str,
    redis_url: str,
    postgres_url: str,
    s3: S3Address,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Apis]:
    database_url = create_database(postgres_url)
    settings = {
        "database_url": database_url,
        "broker_url": rabbitmq_url,
        "broker_prefix": f"races-{secrets.token_hex(4)}",
        "redis_url": redis_url,
        "anonymous_role": "admin",
        **s3_settings(s3),
    }
    folder = tmp_path_factory.mktemp("apis")
    with Api(folder / "first", settings) as first, Api(folder / "second", settings) as second:
        yield Apis((first.url, second.url), s3)
    drop_database(postgres_url, database_url)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> PaddedFilm:
    return PaddedFilm(small_clip(tmp_path_factory.mktemp("clip")), SIZE_BYTES)


@pytest.fixture
def dice() -> Random:
    seed = secrets.randbelow(2**32)
    print(f"seed {seed}")
    return Random(seed)


def patch(location: str, offset_bytes: int, data: bytes) -> Answer:
    headers = {
        "Content-Type": BODY_TYPE,
        "Content-Length": str(len(data)),
        "Upload-Offset": str(offset_bytes),
    }
    return _ask(location, "PATCH", headers, data)


def delete(location: str) -> Answer:
    return _ask(location, "DELETE", {}, b"")


def look(location: str) -> Answer:
    return _ask(location, "HEAD", {}, b"")


def _ask(location: str, method: str, headers: dict[str, str], data: bytes) -> Answer:
    try:
        with Wire(location) as wire:
            return wire.ask(method, urlsplit(location).path, headers, [data])
    except (ConnectionError, WireError):
        return Answer(0, {})


@dataclass
class Race:
    """One upload with its first third sent, and two requests that meet on it."""

    apis: Apis
    film: PaddedFilm
    kinds: tuple[str, str]
    is_last: bool
    dice: Random
    #: What a second writer sends: bytes of its own, so that a mixture would be seen.
    rival: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.rival = self.dice.randbytes(self._end_byte - PIECE_BYTES)
        self.location = create(self.apis.urls[0] + TUS_PATH, SIZE_BYTES, {"filename": "a.mp4"})
        assert patch(self.location, 0, self.film.read(0, PIECE_BYTES)).status == 204

    @property
    def _end_byte(self) -> int:
        return SIZE_BYTES if self.is_last else 2 * PIECE_BYTES

    def run(self) -> tuple[int, int]:
        """Let both go at once; return their statuses, having checked what they left."""
        start = Barrier(2)
        bodies = (self.film.read(PIECE_BYTES, self._end_byte), self.rival)
        places = (self.location, self.apis.other(self.location))

        def go(index: int) -> Answer:
            start.wait()
            time.sleep(self.dice.choice((0, 0, 0.002, 0.01)))
            return self._send(self.kinds[index], places[index], bodies[index])

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(go, range(2)))
        self._check(answers, bodies)
        return answers[0].status, answers[1].status

    def _send(self, kind: str, location: str, data: bytes) -> Answer:
        if kind == "PATCH":
            return patch(location, PIECE_BYTES, data)
        return delete(location) if kind == "DELETE" else look(location)

    def _check(self, answers: list[Answer], bodies: tuple[bytes, bytes]) -> None:
        told = [(kind, answer.status) for kind, answer in zip(self.kinds, answers, strict=True)]
        won = [kind for kind, status in told if status in {200, 204}]
        assert all(status in {200, 204} | LOST for _, status in told), told
        assert won.count("PATCH") <= 1, told
        assert won.count("DELETE") <= 1, told
        if "DELETE" in won and not (self.is_last and "PATCH" in won):
            assert look(self.location).status in {404, 410}, told
        elif "DELETE" not in won:
            self._finish(told, bodies)

    def _finish(self, told: list[tuple[str, int]], bodies: tuple[bytes, bytes]) -> None:
        """Send what is missing, whoever won, and look at every byte."""
        offset_bytes = offset_when_free(self.location)
        assert offset_bytes >= PIECE_BYTES, told
        winner = next(
            (i for i, (kind, at) in enumerate(told) if (kind, at) == ("PATCH", 204)), None
        )
        assert winner is None or offset_bytes == self._end_byte, told
        if offset_bytes < SIZE_BYTES:
            rest = self.film.read(offset_bytes, SIZE_BYTES)
            assert patch(self.apis.other(self.location), offset_bytes, rest).status == 204
        asset_id = AssetId(upload_status(self.location)["assetId"])
        stored = s3_sha256(self.apis.s3, source_key(asset_id))
        assert stored in self._allowed(offset_bytes, bodies, winner), told

    def _allowed(
        self, offset_bytes: int, bodies: tuple[bytes, bytes], winner: int | None
    ) -> set[str]:
        first, rest = self.film.read(0, PIECE_BYTES), self.film.read(0, SIZE_BYTES)[offset_bytes:]
        writers = range(2) if winner is None else [winner]
        pieces = {bodies[index][: offset_bytes - PIECE_BYTES] for index in writers}
        return {hashlib.sha256(first + piece + rest).hexdigest() for piece in pieces}


def test_of_two_requests_at_once_one_wins(apis: Apis, film: PaddedFilm, dice: Random) -> None:
    kinds = list(product(("PATCH", "HEAD", "DELETE"), repeat=2))
    seen: Counter[str] = Counter()
    for number in range(N_PAIRS):
        race = Race(apis, film, kinds[number % len(kinds)], dice.random() < 0.5, dice)
        statuses = race.run()
        seen[f"{race.kinds[0]} {statuses[0]} / {race.kinds[1]} {statuses[1]}"] += 1
    print(*(f"{n}× {what}" for what, n in sorted(seen.items())), sep="\n")


def go_on(location: str, film: PaddedFilm, *, most_bytes: int) -> list[float]:
    """Ask for the offset and send the rest, as a client that comes back; list the waits.

    The first question may come before the stale request has begun; then it is asked again.
    """
    waits: list[float] = []
    for _ in range(5):
        began_s = time.monotonic()
        offset_bytes = head(location).offset_bytes
        waits.append(time.monotonic() - began_s)
        assert offset_bytes <= most_bytes
        answer = patch(location, offset_bytes, film.read(offset_bytes, SIZE_BYTES))
        if answer.status == 204:
            return waits
        assert answer.status in {409, 423}
    raise AssertionError("the stale connection does not let go")


@pytest.mark.parametrize("is_other", [False, True], ids=["same process", "other process"])
def test_a_stale_connection_lets_go_within_a_second(
    apis: Apis, film: PaddedFilm, dice: Random, *, is_other: bool
) -> None:
    waits: list[float] = []
    for _ in range(N_STALE):
        location = create(apis.urls[0] + TUS_PATH, SIZE_BYTES, {"filename": "a.mp4"})
        again = apis.other(location) if is_other else location
        with Wire(location) as stale:
            n_bytes = dice.randrange(1, SIZE_BYTES)
            fields = {"Content-Length": str(SIZE_BYTES), "Upload-Offset": "0"}
            stale.begin("PATCH", urlsplit(location).path, {"Content-Type": BODY_TYPE, **fields})
            stale.send(film.read(0, n_bytes))
            waits += go_on(again, film, most_bytes=n_bytes)
            # Whoever was cut off wakes up: too late.
            stale.send(film.read(n_bytes, SIZE_BYTES))
        asset_id = AssetId(upload_status(location)["assetId"])
        assert s3_sha256(apis.s3, source_key(asset_id)) == film.sha256
    print(f"HEAD after a stall: mean {sum(waits) / len(waits):.3f} s, max {max(waits):.3f} s")

    assert max(waits) <= HEAD_WITHIN_S
