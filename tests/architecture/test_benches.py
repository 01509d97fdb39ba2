"""The benches run seldom: what they import must be there all the same."""

from tests.bench.__main__ import BENCHES


def test_every_bench_can_be_started() -> None:
    assert {"throughput", "media-versus"} <= set(BENCHES)
    assert all(callable(bench) for bench in BENCHES.values())
