"""Damaged sessions: each ends or goes on, none breaks us, none is kept in memory."""

import random
import tracemalloc

import pytest

from ingest.rtmp.protocol.client import ClientSide
from ingest.rtmp.protocol.events import Closed, Phase
from ingest.rtmp.protocol.server import ServerSide
from pipeline.core.flv.errors import Fault
from pipeline.core.flv.limits import MIB, Limits
from tests.support.rtmp_damage import HANDSHAKE_BYTES, damaged, outlive, served
from tests.support.rtmp_pair import pair


def test_damaged_sessions_end_or_go_on() -> None:
    assert {Phase.CLOSED, Phase.PUBLISHING, Phase.IDLE} <= outlive(1000, seed=5)


def test_noise_behind_a_handshake_ends_or_waits() -> None:
    chance = random.Random(6)
    hello = b"\x03" + bytes(HANDSHAKE_BYTES - 1)

    for _ in range(500):
        served(hello + chance.randbytes(chance.randint(1, 3000)), 1000)


def test_a_damaged_server_breaks_no_client() -> None:
    chance = random.Random(7)
    both = pair(is_publishing=False)
    said = bytearray()
    while up := both.client.data_to_send():
        both._serve(up)
        down = both.server.data_to_send()
        said += down
        both.client.receive_data(down)

    for _ in range(500):
        client = ClientSide(app="live", tc_url="", stream_name="k", is_publishing=False)
        client.receive_data(damaged(bytes(said), chance))


@pytest.mark.parametrize("id_width", [1, 3])
def test_unfinished_messages_take_no_more_than_their_budget(id_width: int) -> None:
    """64 chunk streams begin 1 MiB each, and none ends one."""
    limits = Limits(partial_bytes=4 * MIB, early_bytes=64 * MIB)
    hello = b"\x03" + bytes(HANDSHAKE_BYTES - 1)
    side = ServerSide(limits=limits)
    side.receive_data(hello + b"\x02" + bytes(5) + b"\x04\x01" + bytes(4) + b"\x00\x01\x00\x00")
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    closed = None
    for n in range(64 * 32):
        id_ = n % 60 + 3
        head = bytes((id_,)) if id_width == 1 else b"\x01" + id_.to_bytes(2, "little")
        again = bytes((0xC0 | head[0],)) + head[1:]
        fields = bytes(3) + b"\x0f\xff\xff\x09\x01\0\0\0"
        chunk = (head + fields if n < 60 else again) + bytes(65536)
        for event in side.receive_data(chunk):
            closed = event
        if closed:
            break
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert isinstance(closed, Closed)
    assert closed.error is not None
    assert closed.error.fault is Fault.MEMORY
    assert peak - before < 2 * limits.partial_bytes
