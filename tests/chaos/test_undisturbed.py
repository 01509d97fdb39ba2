"""The yardstick of all other scenarios."""

from tests.support.checker import Reference

#: Seconds, frames a second.
LIGHT, HEAVY, RATE = 6, 12, 25


def test_an_undisturbed_run_makes_every_frame(reference: Reference) -> None:
    for name, seconds in (("light", LIGHT), ("heavy", HEAVY)):
        for rung in ("180p", "90p"):
            lines = reference[name][rung].frames().splitlines()
            frames = [line for line in lines if not line.startswith("#")]
            assert len(frames) == seconds * RATE, (name, rung)
            assert len(set(frames)) == len(frames)
