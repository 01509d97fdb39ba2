"""Uploads over connections that close, are torn down and stall, at random bytes."""

from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from tests.support.cutting import CutUpload, Ledger
from tests.support.doors import Door, ReferenceDoor
from tests.support.padded import PaddedFilm, small_clip

N_AT_ONCE = 4


def cut_all(
    door: Door, clip: bytes, dice: Random, *, n_uploads: int, n_cuts: int, size_bytes: int
) -> Ledger:
    """Bring uploads through their cuts, several at a time; every one must arrive whole."""
    seeds = [dice.randrange(2**32) for _ in range(n_uploads)]

    def upload(seed: int) -> Ledger:
        film = PaddedFilm(clip, size_bytes, seed)
        one = CutUpload(door.url, film, Random(seed))
        ledger = one.run(n_cuts)
        assert door.sha256(one.location) == film.sha256, f"seed {seed}"
        return ledger

    total = Ledger()
    with ThreadPoolExecutor(N_AT_ONCE) as pool:
        for ledger in pool.map(upload, seeds):
            total.add(ledger)
    print(total)
    return total


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return small_clip(tmp_path_factory.mktemp("clip"))


def test_the_reference_comes_through_too(clip: bytes, dice: Random) -> None:
    """Shows that the cutting itself is right: nothing of ours runs here."""
    with ReferenceDoor() as door:
        ledger = cut_all(door, clip, dice, n_uploads=4, n_cuts=3, size_bytes=1_000_000)

    assert ledger.n_cuts == 12
