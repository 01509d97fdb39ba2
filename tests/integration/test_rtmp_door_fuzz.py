"""Damaged sessions at the real door, beside a good publisher that must not notice."""

import asyncio
import gc
import random
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from ingest.rtmp.door import Door
from pipeline.core.flv.tags import TagReader
from schemas.streams import SessionId
from tests.support.broadcasting import channel
from tests.support.live_house import LiveHouse, film, live_house, tags_of
from tests.support.rtmp_damage import captures, damaged
from tests.support.rtmp_sessions import SteadyPublisher, number, session_bytes
from tests.support.waiting import wait_until

#: Damaged ones at once, and with how many keys that count.
N_AT_ONCE, N_KEYS = 24, 6
_STEP_BYTES = 16_384
_ANSWER_S = 0.15
MOST_MIB = 50


def test_five_hundred_damaged_sessions_disturb_nobody(tmp_path: Path) -> None:
    outlive(tmp_path, 500)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_thousand_damaged_sessions_disturb_nobody(tmp_path: Path) -> None:
    outlive(tmp_path, 10_000)


def outlive(folder: Path, n_sessions: int) -> None:
    source = tags_of(film(folder / "source.flv", seconds=1).read_bytes())
    room = {"rtmp_connections": 5000, "rtmp_connections_per_address": 1000}
    with live_house(folder / "data", **room) as house:
        database, port = house.pipeline.database, house.door.port
        good = channel(database)
        others = [channel(database) for _ in range(N_KEYS)]
        whole = [*(session_bytes(one.secret, source) for one in others), *captures()]
        with SteadyPublisher(port, good.secret) as steady:
            # Pools and caches have their size then.
            asyncio.run(disturb(port, whole, n_sessions // 5, seed=1))
            before_mib = resident_mib()
            asyncio.run(disturb(port, whole, n_sessions, seed=2))
            grown_mib = resident_mib() - before_mib
        session = house.newest(good.id)
        came = pictures(house, session.id, steady.n_sent)
        # Nothing hangs: whoever asks for nothing is sent away after 15 s.
        wait_until(lambda: n_connections(house.door) == 0, timeout_s=40)
        n_let_in = sum(house.newest(one.id).received_bytes > 0 for one in others)

    assert session.epoch == 1
    assert came == list(range(steady.n_sent))
    assert n_let_in == N_KEYS
    assert grown_mib < MOST_MIB


def pictures(house: LiveHouse, session_id: SessionId, n: int) -> list[int]:
    """Read the numbers of the good one's pictures, as a worker reads them."""
    reader, found = TagReader(), list[int]()
    with house.read(session_id) as answer:
        while len(found) < n and (data := answer.read1(65_536)):
            tags = reader.receive_data(data)
            found += [number(tag.payload) for tag in tags if len(tag.payload) > 1000]
    return found


def n_connections(door: Door) -> int:
    assert door._listener is not None
    return door._listener._doorkeeper.n_connections


def resident_mib() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss / 2**20)


async def disturb(port: int, whole: Sequence[bytes], n_sessions: int, *, seed: int) -> None:
    """Send so many damaged sessions, from as many addresses as there are."""
    chance = random.Random(seed)
    left = (damaged(chance.choice(whole), chance) for _ in range(n_sessions))

    async def send() -> None:
        for n, data in enumerate(left):
            address = f"127.0.{chance.randrange(1, 250)}.{1 + n % 250}"
            await converse(port, address, data)

    await asyncio.gather(*(send() for _ in range(N_AT_ONCE)))


async def converse(port: int, address: str, data: bytes) -> None:
    """Say it all, as far as the door takes it; hear it out for a while; go, politely or not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        async with asyncio.timeout(_ANSWER_S):
            for at in range(0, len(data), _STEP_BYTES):
                writer.write(data[at : at + _STEP_BYTES])
                await writer.drain()
            if len(data) % 2:
                writer.write_eof()
            while await reader.read(65_536):
                pass
    except (OSError, TimeoutError):
        pass
    finally:
        writer.transport.abort()
