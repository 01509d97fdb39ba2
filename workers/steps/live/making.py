"""What is made of a broadcast: the part that is on, where sets end, and where they go."""

from collections.abc import Callable
from fractions import Fraction
from types import TracebackType
from typing import Self

import structlog

from pipeline.core.argv.live import Start
from pipeline.core.live import plan
from pipeline.core.live.shape import NEAR_MS, Shape
from schemas.live import LiveParams, LiveResult
from schemas.plan import MediaPlan
from workers.bench import LiveBench
from workers.steps.live.opening import Opening
from workers.steps.live.outlet import Outlet
from workers.steps.live.part import Part, Ready

log = structlog.get_logger(__name__)

#: What programs have not read, and sets that are not stored, before no more is taken in.
_MOST_WAITING_BYTES, _MOST_SETS = 16 * 2**20, 60
#: Sound may end so far from where pictures do.
_SEAM_S = Fraction(1, 20)


class Making:
    """Parts one after the other, from where attempts before ended."""

    def __init__(self, params: LiveParams, bench: LiveBench) -> None:
        self._params = params
        self._bench = bench
        self._before = bench.broadcast.standing()
        self._whole: MediaPlan | None = self._before.plan
        self._outlet: Outlet | None = None
        #: The one that is on.
        self.part: Part | None = None
        #: Rungs that are left out to keep up.
        self.thinned = list(self._before.thinned)
        #: The next part cannot pass the source on.
        self.must_encode = False
        #: Where sets end, published or not; None before the first.
        self._end_s = self._before.end_s if self._before.n_segments else None
        self._sound_end_s, self._n_parts, self._cpu_s = self._before.sound_end_s, 0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.drop(is_again=False)
        if self._outlet is not None:
            self._outlet.__exit__(exc_type, exc, traceback)

    @property
    def n_published(self) -> int:
        """Segments of each rendition."""
        return self._outlet.n_published if self._outlet else self._before.n_segments

    @property
    def published_s(self) -> Fraction:
        """Where they end."""
        return self._outlet.published_s if self._outlet else self._before.end_s

    @property
    def end_ms(self) -> int:
        """Where the source is to be read from."""
        return int((self._end_s or Fraction(0)) * 1000)

    @property
    def needs_picture(self) -> bool:
        """Whether nothing can be made without a picture."""
        return self._whole is not None and bool(self._whole.rungs)

    @property
    def is_full(self) -> bool:
        """Whether what was taken in has to be worked off first."""
        is_behind = self._outlet is not None and self._outlet.backlog > _MOST_SETS
        return is_behind or (
            self.part is not None and self.part.waiting_bytes > _MOST_WAITING_BYTES
        )

    @property
    def is_idle(self) -> bool:
        """Whether programs have all that was taken in."""
        return self.part is not None and not self.part.waiting_bytes

    def check(self) -> None:
        """Raise what went wrong where sets go."""
        if self._outlet is not None:
            self._outlet.check()

    def begin(self, shape: Shape, opening: Opening) -> Part:
        """Begin a part; the first one decides what renditions there are.

        Raises:
            NothingUsable, LeaseLost.
        """
        if self._whole is None:
            planned = plan.plan(shape, self._params.profile)
            self._whole = self._bench.broadcast.begin(planned)
        if self._outlet is None:
            self._outlet = Outlet(self._bench, self._whole, self._before).__enter__()
        first_ms = opening.first_ms(is_picture=bool(self._whole.rungs))
        first_s = Fraction(first_ms, 1000)
        start_s = _start_s(first_s, self._end_s)
        # To begin between keyframes takes decoding.
        must_encode = self.must_encode or start_s > first_s
        part_plan = plan.part(self._whole, shape, thinned=self.thinned, must_encode=must_encode)
        self._n_parts += 1
        folder = self._bench.scratch / f"part-{self._n_parts}"
        start = Start(start_s, _sound_s(start_s, self._sound_end_s))
        self.part = Part(part_plan, shape, start, folder, self._bench.tools)
        log.info("live.part", start_s=float(start_s), is_passed=bool(part_plan.copied))
        return self.part

    def pump(self, timeout_s: float) -> bool:
        """Let programs work, see ``Part.pump``; hand on what is ready, and tell whether any was."""
        return self.part is not None and self._hand_on(self.part, self.part.pump(timeout_s))

    def finish(self, on_wait: Callable[[], None]) -> None:
        """Hand on all of the part that is on; see ``Part.finish``."""
        if self.part is not None:
            self._hand_on(self.part, self.part.finish(on_wait))

    def _hand_on(self, part: Part, ready: list[Ready]) -> bool:
        if ready and self._outlet is not None:
            inits = part.inits()
            for one in ready:
                self._outlet.offer(one, part.plan, inits, part.sample_rate_hz)
                self._end_s = one.end_s
                self._sound_end_s = one.sound_end_s(part.sample_rate_hz)
        return bool(ready)

    def skip_to(self, at_s: Fraction) -> None:
        """Leave out what lies before a time."""
        self._end_s = max(self._end_s or Fraction(0), at_s)

    def thin(self) -> bool:
        """Leave out a rung from the next part on; tell whether there is one to leave out."""
        rung = plan.thin(self.part.plan) if self.part is not None else None
        if rung is None:
            return False
        log.warning("live.thinned", rung=rung)
        self.thinned.append(rung)
        self._bench.broadcast.say_thinned(rung)
        return True

    def drop(self, *, is_again: bool) -> None:
        """End the part that is on, as it is; ``is_again``: the next one makes what it did not."""
        part, self.part = self.part, None
        if not is_again:
            self.must_encode = False
        if part is None:
            return
        part.close()
        self._cpu_s += part.cpu_s
        if self._outlet is not None:
            self._outlet.forget(part.folder)

    def drain(self) -> None:
        """Wait until all is published."""
        if self._outlet is not None:
            self._outlet.drain()

    def result(self) -> LiveResult:
        """Sum up."""
        return LiveResult(
            n_segments=self.n_published,
            n_parts=self._n_parts,
            thinned=tuple(self.thinned),
            cpu_s=round(self._cpu_s, 3),
        )


def _start_s(first_s: Fraction, end_s: Fraction | None) -> Fraction:
    """Choose where a part begins that could begin with its first picture.

    What lies before that is lost, or nothing is; what was published is not shown again.
    """
    is_early = end_s is not None and first_s < end_s - Fraction(NEAR_MS, 1000)
    return end_s if is_early and end_s is not None else first_s


def _sound_s(start_s: Fraction, end_s: Fraction) -> Fraction | None:
    """Choose where the first frame of sound belongs, by where the last one ended.

    Frames do not end where pictures do; those that go on follow each other.
    """
    return end_s if abs(end_s - start_s) < _SEAM_S else None
