"""Uploads over connections that close, are torn down and stall, at random bytes; servers killed."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from tests.support.cutting import KILLED, CutUpload, Ledger
from tests.support.doors import Door, OwnDoor, ReferenceDoor
from tests.support.padded import PaddedFilm, small_clip

N_AT_ONCE = 4
#: What is on its way when a connection is torn down: our send buffer (the kernel doubles what is
#: asked for), the server's receive buffer and the block it reads.
BUFFER_BYTES = 512 * 1024
#: What a killed server may not have made safe yet.
FLUSH_BYTES = 8 * 2**20 + BUFFER_BYTES


def cut_all(
    door: Door,
    clip: bytes,
    dice: Random,
    *,
    n_uploads: int,
    n_cuts: int,
    size_bytes: int,
    n_kills: int = 0,
) -> Ledger:
    """Bring uploads through their cuts, several at a time; every one must arrive whole."""
    seeds = [dice.randrange(2**32) for _ in range(n_uploads)]

    def upload(seed: int) -> tuple[Ledger, str, str]:
        film = PaddedFilm(clip, size_bytes, seed)
        one = CutUpload(door.url, film, Random(seed))
        return one.run(n_cuts), one.location, film.sha256

    total = Ledger()
    with ThreadPoolExecutor(N_AT_ONCE) as pool:
        going_on = [pool.submit(upload, seed) for seed in seeds]
        # Here, in the thread that lives on: a server ends with the thread that started it.
        for _ in range(n_kills):
            time.sleep(dice.uniform(0.1, 1.0))
            door.kill()
            door.start()
        for seed, done in zip(seeds, going_on, strict=True):
            ledger, location, sha256 = done.result()
            # Nobody is killed any more, whoever reads it.
            assert door.sha256(location) == sha256, f"seed {seed}"
            total.add(ledger)
    print(total)
    return total


def check(ledger: Ledger, *, n_kills: int = 0) -> None:
    """Hold a ledger against the bars: 2 % and one buffer for each cut or kill."""
    # A kill may come between a cut and the question how much is there: every upload feels it.
    n_felt = n_kills * N_AT_ONCE
    buffers_bytes = ledger.n_cuts * BUFFER_BYTES + n_felt * FLUSH_BYTES
    assert ledger.resent_bytes <= 0.02 * ledger.size_bytes + buffers_bytes
    # One cut costs one buffer, not many of them once and none another time.
    assert ledger.worst_bytes <= (FLUSH_BYTES if n_kills else BUFFER_BYTES)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return small_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module", params=["embedded", "gunicorn"])
def door(request: pytest.FixtureRequest) -> Iterator[OwnDoor]:
    with OwnDoor(request.param) as door:
        yield door


def test_the_reference_comes_through_too(clip: bytes, dice: Random) -> None:
    """Shows that the cutting itself is right: nothing of ours runs here."""
    with ReferenceDoor() as door:
        ledger = cut_all(door, clip, dice, n_uploads=4, n_cuts=3, size_bytes=1_000_000)

    assert ledger.n_cuts == 12


def test_uploads_arrive_whole_over_cut_connections(
    door: OwnDoor, clip: bytes, dice: Random
) -> None:
    ledger = cut_all(door, clip, dice, n_uploads=10, n_cuts=40, size_bytes=4_000_000)

    assert ledger.n_cuts >= 400
    check(ledger)


def test_uploads_arrive_whole_while_the_server_is_killed(
    door: OwnDoor, clip: bytes, dice: Random
) -> None:
    sizes = {"n_uploads": 6, "n_cuts": 20, "size_bytes": 8_000_000}
    ledger = cut_all(door, clip, dice, n_kills=4, **sizes)

    check(ledger, n_kills=4)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_fifty_uploads_are_cut_forty_times_each_and_the_server_killed(
    door: OwnDoor, clip: bytes, dice: Random
) -> None:
    sizes = {"n_uploads": 50, "n_cuts": 40, "size_bytes": 20_000_000}
    ledger = cut_all(door, clip, dice, n_kills=20, **sizes)

    assert ledger.n_cuts >= 50 * 40
    check(ledger, n_kills=20)


def test_a_killed_server_has_all_the_bytes_it_counted(
    door: OwnDoor, clip: bytes, dice: Random
) -> None:
    kill_inside_patches(door, clip, dice, n_kills=5, size_bytes=40_000_000)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_server_killed_fifty_times_has_all_the_bytes_it_counted(
    door: OwnDoor, clip: bytes, dice: Random
) -> None:
    kill_inside_patches(door, clip, dice, n_kills=50, size_bytes=400_000_000)


def kill_inside_patches(
    door: OwnDoor, clip: bytes, dice: Random, *, n_kills: int, size_bytes: int
) -> None:
    """Send without a pause, and kill at random times: content tells what was only counted."""
    film = PaddedFilm(clip, size_bytes, dice.randrange(2**32))
    one = CutUpload(door.url, film, dice)
    with ThreadPoolExecutor(1) as pool:
        # At a pace that lasts as long as the kills do.
        going_on = pool.submit(one.pour, size_bytes / n_kills)
        for _ in range(n_kills):
            assert one.moving.wait(60)
            time.sleep(dice.uniform(0.05, 0.6))
            door.kill()
            door.start()
        one.hurry.set()
        ledger = going_on.result()
    print(ledger)
    assert len(ledger.lost_bytes[KILLED]) >= n_kills
    assert door.sha256(one.location) == film.sha256
    check(ledger, n_kills=n_kills)
