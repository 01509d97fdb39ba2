"""Counting in memory forgets what is over."""

from pipeline.limits.memory import _TIDY_EVERY, MemoryCounter


def test_ended_windows_are_forgotten() -> None:
    counter = MemoryCounter()
    for n in range(_TIDY_EVERY):
        counter.count(f"caller{n}", window_s=-1.0)

    assert len(counter._windows) == 1
