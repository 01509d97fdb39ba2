"""Sessions of real encoders, damaged, and a server that has to stand them."""

import random

from ingest.rtmp.protocol.events import Closed, Phase, PlayRequested, PublishRequested
from ingest.rtmp.protocol.server import ServerSide
from pipeline.core.flv.errors import Fault
from tests.support.product import ROOT

HANDSHAKE_BYTES = 3073
CAPTURES = ROOT / "tests/unit/ingest/rtmp/captures"


def captures() -> list[bytes]:
    """What each encoder sent."""
    return [path.read_bytes() for path in sorted(CAPTURES.glob("*.rtmp"))]


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Change, cut out, double or insert a few bytes, mostly behind the handshake."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(HANDSHAKE_BYTES if chance.random() < 0.95 else 0, len(out))
        kind = chance.randrange(5)
        if kind == 0:
            out[at] = chance.randrange(256)
        elif kind == 1:
            out[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            del out[at : at + chance.randint(1, 40)]
        elif kind == 3:
            out[at:at] = out[at : at + chance.randint(1, 200)]
        else:
            out[at:at] = chance.choice([b"\xff" * 8, bytes(8), b"\xc3" * 30, b"\x02\x00\x00\x00"])
    return bytes(out)


def served(data: bytes, step: int) -> ServerSide:
    """Feed a session, and check what holds of any."""
    side = ServerSide(applications={"live"})
    for at in range(0, len(data), step):
        events = side.receive_data(data[at : at + step])
        while events:
            if isinstance(events[-1], PublishRequested):
                side.accept_publish()
            if isinstance(events[-1], PlayRequested):
                side.accept_play()
            closed = [event for event in events if isinstance(event, Closed)]
            assert closed == events[-len(closed) :] or not closed
            assert all(isinstance(event.error.fault, Fault) for event in closed if event.error)
            assert bool(closed) == (side.phase is Phase.CLOSED)
            events = side.receive_data(b"")
    return side


def outlive(n_sessions: int, seed: int) -> set[Phase]:
    """Serve damaged sessions; tell where they stood at their end."""
    chance = random.Random(seed)
    whole = captures()
    return {served(damaged(chance.choice(whole), chance), 4096).phase for _ in range(n_sessions)}
