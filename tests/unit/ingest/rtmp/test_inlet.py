"""Who sends steadily is read by rounds, and nothing of it is lost or late by more than one."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from ingest.rtmp.inlet import ROOM_BYTES, Inlet
from ingest.rtmp.rounds import ROUND_S, Rounds


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Inlet, asyncio.StreamWriter]]:
    """Be both ends."""
    arrived: asyncio.Queue[Inlet] = asyncio.Queue()
    room, rounds = memoryview(bytearray(ROOM_BYTES)), Rounds()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Inlet(room, rounds, arrived.put_nowait), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    inlet = await arrived.get()
    try:
        yield inlet, writer
    finally:
        writer.transport.abort()
        inlet.transport.abort()
        server.close()


async def sent_slowly(writer: asyncio.StreamWriter, n_pieces: int) -> bytes:
    pieces = [bytes((n % 256,)) * 100 for n in range(n_pieces)]
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0.002)
    writer.write_eof()
    return b"".join(pieces)


def test_a_steady_sender_is_read_once_a_round() -> None:
    async def main() -> tuple[bytes, list[bytes], float]:
        async with connected() as (inlet, writer):
            came: list[bytes] = []
            begun_s = time.monotonic()
            sending = asyncio.ensure_future(sent_slowly(writer, 150))
            await inlet.stream(came.append, idle_s=5)
            return await sending, came, time.monotonic() - begun_s

    sent, came, took_s = asyncio.run(main())

    assert b"".join(came) == sent
    # One before the first round, and one behind the last.
    assert len(came) <= took_s / ROUND_S + 2


def test_what_is_sent_fast_does_not_wait_for_rounds() -> None:
    data = bytes(range(256)) * 2**16

    async def main() -> tuple[bytes, float]:
        async with connected() as (inlet, writer):
            came: list[bytes] = []
            writer.write(data)
            writer.write_eof()
            begun_s = time.monotonic()
            await inlet.stream(came.append, idle_s=5)
            return b"".join(came), time.monotonic() - begun_s

    came, took_s = asyncio.run(main())

    assert came == data
    assert took_s < len(data) / ROOM_BYTES * ROUND_S


def test_silence_ends_it() -> None:
    async def main() -> None:
        async with connected() as (inlet, writer):
            writer.write(b"a word")
            await inlet.stream(lambda _data: None, idle_s=0.1)

    with pytest.raises(TimeoutError):
        asyncio.run(main())


def test_what_came_before_and_after_is_neither_lost_nor_turned_round() -> None:
    async def main() -> list[bytes]:
        async with connected() as (inlet, writer):
            came: list[bytes] = []

            def once(data: bytes) -> None:
                came.append(data)
                inlet.ask()

            writer.write(b"one ")
            came.append(await inlet.read())
            writer.write(b"two ")
            await inlet.stream(once, idle_s=5)
            writer.write(b"three ")
            came.append(await inlet.read())
            writer.write_eof()
            came.append(await inlet.read())
            return came

    assert asyncio.run(main()) == [b"one ", b"two ", b"three ", b""]


def test_while_it_rests_nothing_is_read() -> None:
    async def main() -> list[float]:
        async with connected() as (inlet, writer):
            came_s: list[float] = []

            def slowly(_data: bytes) -> None:
                came_s.append(time.monotonic())
                inlet.rest(0.3)

            sending = asyncio.ensure_future(sent_slowly(writer, 50))
            await inlet.stream(slowly, idle_s=5)
            await sending
            return came_s

    came_s = asyncio.run(main())

    assert len(came_s) > 1
    assert min(after - before for before, after in pairwise(came_s)) > 0.28


@pytest.mark.parametrize("asks", [False, True])
def test_what_is_left_untaken_comes_again_in_its_place(*, asks: bool) -> None:
    async def main() -> bytes:
        async with connected() as (inlet, writer):
            came = bytearray()

            def three(data: bytes) -> None:
                came.extend(data[:3])
                if data[3:]:
                    inlet.rest(0.02, unread=data[3:])
                if asks:
                    inlet.ask()

            writer.write(b"one two three four five six")
            writer.write_eof()
            while not inlet.has_ended:
                await inlet.stream(three, idle_s=5)
            return bytes(came)

    assert asyncio.run(main()) == b"one two three four five six"


def test_while_it_rests_it_is_not_read_by_asking() -> None:
    async def main() -> list[float]:
        async with connected() as (inlet, writer):
            came_s: list[float] = []

            def slowly(_data: bytes) -> None:
                came_s.append(time.monotonic())
                inlet.rest(0.3)
                inlet.ask()

            sending = asyncio.ensure_future(sent_slowly(writer, 50))
            while not inlet.has_ended:
                await inlet.stream(slowly, idle_s=5)
            await sending
            return came_s

    came_s = asyncio.run(main())

    assert len(came_s) > 1
    assert min(after - before for before, after in pairwise(came_s)) > 0.28


def test_a_connection_that_breaks_says_so() -> None:
    async def main() -> None:
        async with connected() as (inlet, writer):
            inlet.transport.write(b"never read")
            await asyncio.sleep(0)
            writer.transport.abort()
            await inlet.stream(lambda _data: None, idle_s=5)

    with pytest.raises(ConnectionError):
        asyncio.run(main())
