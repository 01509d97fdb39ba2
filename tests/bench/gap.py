"""How long a slot stands idle between two tasks while there is always a next one."""

from collections.abc import Iterable, Iterator

from schemas.events import Event, EventType
from tests.bench.figures import Figure, at_most, percentile, reported
from tests.bench.ground import Ground
from tests.bench.mill import running_mill

N_WORKERS = 2
SLOTS = 4
TASKS = 400
TASK_S = 0.25
BAR_MS = 50.0


def measure(ground: Ground) -> list[Figure]:
    """Keep every slot busy with short tasks and look at what lies between them.

    A task works from its claim for an exactly known time; from there to the next claim of
    the worker is the gap, with all reports, acknowledgements and queries in it.
    """
    with running_mill(ground, "gap") as mill:
        mill.add_scheduler()
        mill.add_workers(N_WORKERS, slots=SLOTS)
        mill.warm_up()
        job_id, _ = mill.run_idle(ground.scaled(TASKS), duration_s=TASK_S)
        gaps_ms = [gap_s * 1000 for gap_s in _gaps_s(mill.events(job_id))]
    return [
        at_most("idle gap of a busy slot, p95", percentile(gaps_ms, 95), "ms", BAR_MS),
        reported("idle gap of a busy slot, p50", percentile(gaps_ms, 50), "ms"),
    ]


def _gaps_s(events: Iterable[Event]) -> Iterator[float]:
    starts: dict[str, list[float]] = {}
    for event in events:
        if event.type is EventType.TASK_STARTED:
            starts.setdefault(event.data["worker"], []).append(event.at.timestamp())
    for times in starts.values():
        # The first slot to be free takes the next task: the n-th end is followed by the start
        # that comes as many starts later as there are slots.
        yield from (
            after - (before + TASK_S) for before, after in zip(times, times[SLOTS:], strict=False)
        )
