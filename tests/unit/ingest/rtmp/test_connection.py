"""What one publisher may cost the others of a door."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ingest.rtmp.broadcast import Broadcast
from ingest.rtmp.connection import MOST_TAGS_PER_S, Connection
from ingest.rtmp.inlet import ROOM_BYTES, Inlet
from ingest.rtmp.pace import BURST_S
from ingest.rtmp.publication import Publication
from ingest.rtmp.rounds import Rounds
from ingest.rtmp.spool.shelf import Shelf
from ingest.rtmp.spool.writer import SpoolWriter
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag
from tests.support.rtmp_sessions import session_bytes

_BURST = int(MOST_TAGS_PER_S * BURST_S)


class OpenDesk:
    """Lets everybody in."""

    def __init__(self, folder: Path) -> None:
        writer = SpoolWriter(Shelf(folder), 1, lambda _: None, name="test")
        session: Any = SimpleNamespace(id="one", epoch=1, received_bytes=0)
        self.publication = Publication(session, 0, Broadcast(), writer)

    async def open(self, _key: str, _connection: Connection) -> Publication:
        return self.publication

    def leave(self, publication: Publication) -> None:
        publication.end()


async def taken_bytes(folder: Path, n_tags: int) -> tuple[int, int]:
    """Send so many of the smallest tags; tell how much came until the door rests, of how much."""
    data = session_bytes("key", [Tag(MediaKind.AUDIO, 0, b"\x2f")] * n_tags)
    arrived: asyncio.Queue[Inlet] = asyncio.Queue()
    room, rounds = memoryview(bytearray(ROOM_BYTES)), Rounds()
    server = await asyncio.get_running_loop().create_server(
        lambda: Inlet(room, rounds, arrived.put_nowait), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    desk, inlet = OpenDesk(folder), await arrived.get()
    connection = Connection(desk, inlet, address="here", bitrate_limit_bps=80_000_000)
    serving = asyncio.ensure_future(connection.serve())
    writer.write(data)
    writer.write_eof()
    while not inlet._is_resting and not serving.done():  # noqa: ASYNC110 - each turn counts
        await asyncio.sleep(0)
    n_bytes = desk.publication.received_bytes if inlet._is_resting else len(data)
    writer.transport.abort()
    inlet.transport.abort()
    await serving
    server.close()
    return n_bytes, len(data)


def test_a_burst_of_small_tags_is_taken_at_once(tmp_path: Path) -> None:
    n_bytes, n_sent = asyncio.run(taken_bytes(tmp_path / "s", _BURST // 2))

    assert n_bytes == n_sent


def test_a_flood_of_small_tags_waits(tmp_path: Path) -> None:
    n_bytes, n_sent = asyncio.run(taken_bytes(tmp_path / "s", 5 * _BURST))

    # How much of it depends on how fast it is read.
    assert n_bytes < n_sent
