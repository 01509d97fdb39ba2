"""Viewers in memory: streams that nobody watches any more are forgotten."""

from types import MappingProxyType

import pytest

from pipeline.audience import roll
from pipeline.audience.memory import _TIDY_EVERY, MemoryViewers
from pipeline.audience.port import ViewerKind
from schemas.streams import StreamId


def test_streams_nobody_watches_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = MappingProxyType(dict.fromkeys(ViewerKind, -1.0))
    monkeypatch.setattr(roll, "GONE_AFTER_S", gone)
    viewers = MemoryViewers()
    for n in range(_TIDY_EVERY):
        viewers.seen(StreamId(f"s{n}"), ["kim"], ViewerKind.HLS)

    assert len(viewers._rolls) == 1
