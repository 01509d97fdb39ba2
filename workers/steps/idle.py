"""Do nothing for a while: the engine's own benchmark and drills."""

from time import monotonic

from pipeline.core.errors import Stopped
from schemas.idle import IdleParams, IdleResult
from workers.bench import Bench

#: How often it says that it is still there.
_REPORT_S = 0.5


def run(params: IdleParams, bench: Bench) -> IdleResult:
    """Wait, reporting progress, until the time is over.

    Raises:
        Stopped: asked to stop.
    """
    started_at = monotonic()
    while (left_s := started_at + params.duration_s - monotonic()) > 0:
        if bench.stop.wait(min(left_s, _REPORT_S)):
            raise Stopped("asked to stop while idle")
        bench.report({"": min(1.0, (monotonic() - started_at) / params.duration_s)})
    return IdleResult()
