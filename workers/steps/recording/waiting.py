"""Waits for the doors to bring the last pieces of a spool."""

import time

from pipeline.core.errors import Stopped
from pipeline.core.live_errors import SpoolUnavailable
from pipeline.core.recording.judge import served
from pipeline.core.recording.spans import Span
from pipeline.core.recording.spool import lacks
from schemas.streams import SessionId
from schemas.timeline import Timeline
from workers.bench import RecordBench

#: A door brings its last piece within seconds; what takes longer is waited for without a slot.
_WAIT_S = 15.0
_LOOK_S = 0.5
#: No new piece for so long, and none is under way.
_QUIET_S = 4.0
#: A door that was killed brings what it has when it is started again. After so long it is not
#: waited for any more: what is there is made whole.
PATIENCE_S = 900.0


def awaited(session_id: SessionId, timeline: Timeline | None, bench: RecordBench) -> str | None:
    """Return when all pieces are there; say what is missing where that is not waited for.

    Raises:
        SpoolUnavailable: some are missing, and may still come.
        Stopped: asked to stop.
    """
    spans = served_in(timeline)
    until_s = time.monotonic() + _WAIT_S
    while True:
        state = bench.recording.spool(session_id)
        if state.over_s is None:
            _settle(bench)
            return None
        # What its disk did not take a door cannot bring.
        expected = () if state.has_lost else spans
        lacking = lacks(state.pieces, told_ms=state.told_ms, served=expected)
        if lacking is None or state.over_s > PATIENCE_S:
            return lacking
        if time.monotonic() > until_s:
            raise SpoolUnavailable(f"not all of the broadcast is in storage: {lacking}")
        _pause(bench)


def served_in(timeline: Timeline | None) -> tuple[Span, ...]:
    """Tell when viewers got anything."""
    if timeline is None:
        return ()
    return tuple(span for each in timeline.renditions for span in served(each))


def _settle(bench: RecordBench) -> None:
    """Let a door bring its last piece: nothing else is known of a stream that was deleted."""
    seen, since_s = bench.recording.keys(), time.monotonic()
    until_s = since_s + _WAIT_S
    while time.monotonic() < min(until_s, since_s + _QUIET_S):
        _pause(bench)
        now = bench.recording.keys()
        if now != seen:
            seen, since_s = now, time.monotonic()


def _pause(bench: RecordBench) -> None:
    bench.report({"": 0.0})
    if bench.stop.wait(_LOOK_S):
        raise Stopped("asked to stop while waiting for the last pieces")
