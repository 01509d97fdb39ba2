"""The live task from its first tag to its last: parts one after the other, kept up with."""

import time
from fractions import Fraction

import structlog

from pipeline.core.errors import MediaError, Stopped, WorkFailed
from pipeline.core.flv.payloads import is_sequence_header
from pipeline.core.flv.tags import Tag
from pipeline.core.live import marks, plan
from pipeline.core.live.cutting import HELD_MS, Misaligned
from pipeline.core.live_errors import NothingUsable
from schemas.live import LiveParams, LiveResult
from workers.bench import LiveBench
from workers.steps.live.making import Making
from workers.steps.live.opening import Headers, Opening
from workers.steps.live.source import Source, is_media
from workers.steps.live.telling import Teller

log = structlog.get_logger(__name__)

#: How long one round waits for something to happen.
_ROUND_S = 0.03
#: Tags taken in one round at most: programs must be heard in between.
_ROUND_TAGS = 200
#: Programs that fail on the same stretch: then it is left out; then it is given up.
_SKIPPED_AFTER, _MOST_FAILURES = 2, 6


def run(params: LiveParams, bench: LiveBench) -> LiveResult:
    """Make segments of a broadcast until it is over, going on where attempts before ended.

    Raises:
        NothingUsable: nothing of it could be shown.
        LeaseLost: another attempt may have taken over.
        WorkFailed, StorageUnavailable, Stopped.
    """
    return _Work(params, bench).run()


class _Again(Exception):
    """The source is to be read again from where sets end."""


class _Work:
    def __init__(self, params: LiveParams, bench: LiveBench) -> None:
        self._bench = bench
        self._segment_s = plan.segment_s(params.profile)
        self._making = Making(params, bench)
        self._teller = Teller(bench, params.pace, self._segment_s)
        self._headers = Headers()
        self._opening: Opening | None = None
        self._read_ms = 0
        self._n_failures = 0

    def run(self) -> LiveResult:
        with self._making as making:
            try:
                while not self._read_through():
                    pass
                making.drain()
            finally:
                self._teller.close()
        if not making.n_published:
            raise NothingUsable("The broadcast ended before anything of it could be shown.")
        return making.result()

    def _read_through(self) -> bool:
        """Read from where sets end; tell whether the broadcast is over."""
        self._headers, self._opening, self._read_ms = Headers(), None, 0
        with Source(self._bench.broadcast, self._making.end_ms) as source:
            try:
                while not source.is_over:
                    self._round(source)
                self._break_off()
            except _Again:
                self._making.drop(is_again=True)
                return False
        return True

    def _round(self, source: Source) -> None:
        self._look()
        is_full = self._making.is_full
        has_taken = not is_full and self._take_in(source)
        is_busy = self._making.part is not None and not self._making.is_idle
        # Programs that are behind say when they go on; asking them all the time slows them down.
        self._pump(_ROUND_S / 3 if is_busy and not has_taken else 0.0)
        if self._making.is_idle or (is_full and not is_busy):
            time.sleep(_ROUND_S / 3)

    def _take_in(self, source: Source) -> bool:
        """Take what has come, a round's worth at most; tell whether anything had."""
        for n in range(_ROUND_TAGS):
            tag = source.take(0.0 if n or self._making.part else _ROUND_S)
            if tag is None:
                return n > 0
            self._take(tag)
        return True

    def _look(self) -> None:
        """See whether to go on, and say so."""
        _go_on(self._bench)
        making = self._making
        making.check()
        is_slow = self._teller.tell(making.part, making.published_s, making.thinned)
        if is_slow and making.part is not None:
            self._teller.begin()
            if making.thin():
                raise _Again

    def _take(self, tag: Tag) -> None:
        if marks.read_mark(tag.kind, tag.payload) is marks.Break.RETURN:
            self._break_off()
        elif is_sequence_header(tag.kind, tag.payload):
            self._take_header(tag)
        elif is_media(tag):
            self._take_media(tag)
        else:
            self._pass(tag)

    def _take_header(self, tag: Tag) -> None:
        if self._headers.is_known(tag):
            return
        if self._headers.is_change(tag):
            self._break_off()
        self._headers.keep(tag)
        self._pass(tag)

    def _take_media(self, tag: Tag) -> None:
        if self._read_ms and tag.timestamp_ms - self._read_ms > HELD_MS:
            self._break_off()
        self._read_ms = max(self._read_ms, tag.timestamp_ms)
        self._pass(tag)

    def _pass(self, tag: Tag) -> None:
        if self._making.part is not None:
            self._making.part.take(tag)
            if self._making.part.is_out_of_step:
                log.info("live.out_of_step")
                self._encode_all()
            return
        if self._opening is None:
            needs_picture = self._making.needs_picture
            self._opening = Opening(self._headers, self._segment_s, needs_picture=needs_picture)
        self._opening.add(tag)
        self._open(is_over=False)

    def _encode_all(self) -> None:
        self._making.must_encode = True
        raise _Again

    def _open(self, *, is_over: bool) -> None:
        """Begin a part where it is clear what comes, or nothing more will make it clear."""
        opening = self._opening
        shape = opening.shape(is_over=is_over) if opening is not None else None
        if opening is None or (shape is None and not is_over):
            return
        self._opening = None
        if shape is not None:
            self._teller.begin()
            part = self._making.begin(shape, opening)
            for tag in (*self._headers, *opening.heard):
                part.take(tag)

    def _break_off(self) -> None:
        """Publish the rest of a part; what follows begins a new one."""
        self._open(is_over=True)
        try:
            self._making.finish(lambda: _wait(self._bench))
        except (MediaError, WorkFailed) as exc:
            log.warning("live.part_failed", code=exc.instance_code, detail=exc.detail)
        self._making.drop(is_again=False)

    def _pump(self, timeout_s: float) -> None:
        try:
            if self._making.pump(timeout_s):
                self._n_failures = 0
        except Misaligned:
            log.warning("live.misaligned")
            self._encode_all()
        except (MediaError, WorkFailed) as exc:
            self._fail(exc)

    def _fail(self, exc: MediaError | WorkFailed) -> None:
        """Try a stretch again that a program could not cope with; leave it out in the end."""
        self._n_failures += 1
        log.warning("live.part_failed", code=exc.instance_code, detail=exc.detail)
        if self._n_failures > _MOST_FAILURES:
            raise exc
        if self._n_failures >= _SKIPPED_AFTER:
            self._making.skip_to(Fraction(self._read_ms, 1000))
        raise _Again from exc


def _go_on(bench: LiveBench) -> None:
    if bench.stop.is_set():
        raise Stopped("asked to stop while a broadcast was on")


def _wait(bench: LiveBench) -> None:
    _go_on(bench)
    bench.report({"": 0.0})
