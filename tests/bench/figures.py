"""What a bench found, and whether that is good enough."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table; ``ok`` is None where the figure is only reported."""

    name: str
    value: float
    unit: str
    bar: str | None = None
    ok: bool | None = None


def reported(name: str, value: float, unit: str) -> Figure:
    """Report without judging."""
    return Figure(name, round(value, 3), unit)


def at_least(name: str, value: float, unit: str, bar: float) -> Figure:
    """Judge a figure that should be large."""
    return Figure(name, round(value, 3), unit, f"≥ {bar:g}", value >= bar)


def at_most(name: str, value: float, unit: str, bar: float) -> Figure:
    """Judge a figure that should be small."""
    return Figure(name, round(value, 3), unit, f"≤ {bar:g}", value <= bar)


def percentile(values: Sequence[float], percent: float) -> float:
    """Find the value that so many percent of all do not exceed; it is one of them."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]
