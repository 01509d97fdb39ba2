"""Stretches of a broadcast's clock, in milliseconds: joined, and taken from each other."""

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open stretch."""

    from_ms: int
    until_ms: int

    @property
    def length_ms(self) -> int:
        """Tell how long it is."""
        return self.until_ms - self.from_ms


def joined(spans: Iterable[Span], *, slack_ms: int = 0) -> tuple[Span, ...]:
    """Put stretches in order, those that meet or lie no further apart than the slack as one."""
    whole: list[Span] = []
    for span in sorted(spans):
        if whole and span.from_ms <= whole[-1].until_ms + slack_ms:
            before = whole.pop()
            span = Span(before.from_ms, max(before.until_ms, span.until_ms))  # noqa: PLW2901
        whole.append(span)
    return tuple(whole)


def without(spans: Iterable[Span], taken: Iterable[Span], *, least_ms: int = 1) -> tuple[Span, ...]:
    """Take stretches from others; what is left of them and shorter than the least is nothing."""
    left = list(joined(spans))
    for hole in joined(taken):
        left = [rest for span in left for rest in _cut(span, hole)]
    return tuple(span for span in left if span.length_ms >= least_ms)


def _cut(span: Span, hole: Span) -> list[Span]:
    if hole.until_ms <= span.from_ms or span.until_ms <= hole.from_ms:
        return [span]
    pieces = [Span(span.from_ms, hole.from_ms), Span(hole.until_ms, span.until_ms)]
    return [piece for piece in pieces if piece.length_ms > 0]


def total_ms(spans: Iterable[Span]) -> int:
    """Add their lengths up."""
    return sum(span.length_ms for span in spans)
