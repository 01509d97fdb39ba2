"""10,000 sessions of real encoders, damaged: no crash, no hang, nothing left behind."""

import gc
import tracemalloc

from ingest.rtmp.protocol.events import Phase
from tests.support.rtmp_damage import outlive


def test_ten_thousand_damaged_sessions_end_or_go_on() -> None:
    phases = outlive(10_000, seed=11)

    assert {Phase.CLOSED, Phase.PUBLISHING, Phase.IDLE} <= phases


def test_sessions_leave_nothing_behind() -> None:
    outlive(50, seed=12)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    outlive(500, seed=13)
    gc.collect()

    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 1_000_000
