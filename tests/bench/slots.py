"""Whether many slots stay busy: a stand-in encode that sleeps, as GPUs would let the CPU do."""

from tests.bench.figures import Figure, at_least, reported
from tests.bench.ground import Ground
from tests.bench.mill import running_mill

N_WORKERS = 2
SLOTS = 32
TASKS = 640
TASK_S = 5.0
BAR_PERCENT = 95.0


def measure(ground: Ground) -> list[Figure]:
    """Compare a job of many chunks with slots that never wait."""
    n_tasks = max(2 * N_WORKERS * SLOTS, ground.scaled(TASKS))
    ideal_s = n_tasks / (N_WORKERS * SLOTS) * TASK_S
    with running_mill(ground, "slots") as mill:
        mill.add_scheduler()
        mill.add_workers(N_WORKERS, slots=SLOTS)
        mill.warm_up()
        _, took_s = mill.run_idle(n_tasks, duration_s=TASK_S)
    share = 100 * ideal_s / took_s
    return [
        at_least(f"64 slots on {n_tasks} chunks of 5 s", share, "% of ideal", BAR_PERCENT),
        reported(f"{n_tasks} chunks of 5 s, all of them", took_s, "s"),
    ]
