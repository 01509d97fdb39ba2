"""How soon 200 people see how far it is."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.events.port import EventBus
from schemas.events import ProgressTick
from schemas.vocabulary import JobId, TaskId
from tests.bench.figures import Figure, at_most, percentile, reported
from tests.bench.ground import Ground
from tests.bench.listeners import LAST
from tests.bench.mill import running_mill
from tests.support import engine
from tests.support.product import ROOT

N_CLIENTS = 200
#: Tasks of the job that run at once, each with two ticks a second.
N_TASKS = 4
TICK_INTERVAL_S = 0.5
TICKS = 80
BAR_MS = 250.0
#: Stands for never.
_LOST_MS = 60_000.0


def measure(ground: Ground) -> list[Figure]:
    """Time ticks from a worker's side of the bus, over Redis and a real API, to the sockets.

    A tick that a socket never got (the latest wins) counts as one that came too late.
    """
    n_ticks = ground.scaled(TICKS)
    with running_mill(ground, "progress") as mill:
        api = mill.add_api()
        job_id = engine.submit_idle(mill.pipeline.database, 1)
        with _listeners(api.port, f"/api/jobs/{job_id}/events") as listeners:
            _tick(mill.pipeline.bus, job_id, n_ticks)
            answer, _ = listeners.communicate(timeout=120)
    delays_ms = [1000 * delay_s for delay_s in json.loads(answer)]
    delays_ms += [_LOST_MS] * (n_ticks * N_CLIENTS - len(delays_ms))
    return [
        at_most("progress, tick → 200 sockets, p95", percentile(delays_ms, 95), "ms", BAR_MS),
        reported("progress, tick → 200 sockets, p50", percentile(delays_ms, 50), "ms"),
    ]


@contextmanager
def _listeners(port: int, path: str) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "tests.bench.listeners", str(port), path, str(N_CLIENTS)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
            yield process
        finally:
            process.kill()


def _tick(bus: EventBus, job_id: JobId, n_ticks: int) -> None:
    for i in range(n_ticks):
        bus.publish(_now(job_id, f"task{i % N_TASKS}"))
        time.sleep(TICK_INTERVAL_S / N_TASKS)
    bus.publish(_now(job_id, LAST))


def _now(job_id: JobId, task: str) -> ProgressTick:
    # The one field that takes any number carries the time; processes share this clock.
    return ProgressTick(
        job_id=job_id, task_id=TaskId(task), epoch=1, progress={"": 0.5}, speed=time.monotonic()
    )
