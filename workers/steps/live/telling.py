"""How a live task goes: its pace, and what watchers are told of it once a second."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction

from pipeline.core.live.pace import Pace
from schemas.live import LivePace
from workers.bench import LiveBench
from workers.steps.live.part import Part

_TELL_S = 1.0
#: So many segments are always under way.
_UNDER_WAY = 3


class Teller:
    """Tells in a thread of its own: a database that is away holds nothing up."""

    def __init__(self, bench: LiveBench, wished: LivePace, segment_s: int) -> None:
        self._bench = bench
        self._wished = wished
        self._segment_s = segment_s
        self._told_at_s = 0.0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="live-teller")
        self._telling: Future[None] | None = None
        self._pace = self._new_pace()

    def _new_pace(self) -> Pace:
        behind_ms = self._wished.behind_ms
        if behind_ms > 0:
            behind_ms = max(behind_ms, _UNDER_WAY * 1000 * self._segment_s)
        return Pace(behind_ms=behind_ms, slow_s=self._wished.slow_s)

    def begin(self) -> None:
        """Measure anew: a part begins."""
        self._pace = self._new_pace()

    def tell(self, part: Part | None, published_s: Fraction, thinned: list[str]) -> bool:
        """Tell if it is time to; return whether the box turned out not to keep up."""
        now_s = time.monotonic()
        if now_s - self._told_at_s < _TELL_S:
            return False
        self._told_at_s = now_s
        if part is not None:
            self._pace.note(now_s, part.read_ms, int(part.encoded_s * 1000))
        speed = self._pace.speed
        self._bench.report({"": 0.0}, speed=speed)
        lag_ms = 0 if part is None else max(0, part.read_ms - int(published_s * 1000))
        facts: dict[str, float | int | str | list[str] | None] = {
            "ladder_speed": None if speed is None else round(speed, 3),
            "lag_ms": lag_ms,
            "thinned": list(thinned),
        }
        if self._telling is None or self._telling.done():
            self._telling = self._pool.submit(self._bench.broadcast.note, facts)
        return part is not None and self._pace.is_slow(now_s)

    def close(self) -> None:
        """Tell nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
