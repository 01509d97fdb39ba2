"""How many tasks a second get through when the tasks themselves cost nothing."""

from tests.bench.bare import time_bare_dramatiq
from tests.bench.figures import Figure, at_least, reported
from tests.bench.ground import Ground
from tests.bench.mill import running_mill

N_WORKERS = 2
SLOTS = 4
TASKS = 1000
BAR_PER_S = 150.0


def measure(ground: Ground) -> list[Figure]:
    """Bring empty tasks through RabbitMQ and PostgreSQL, then messages through bare dramatiq.

    Ours counts from the commit of the submit to the end of the job: relay, doorbell, claim,
    finish. dramatiq's has no state to keep: the distance is the price of losing nothing.
    """
    n_tasks = ground.scaled(TASKS)
    with running_mill(ground, "throughput") as mill:
        mill.add_scheduler()
        mill.add_workers(N_WORKERS, slots=SLOTS)
        mill.warm_up()
        before_s = mill.cpu_s()
        _, took_s = mill.run_idle(n_tasks)
        cpu_s = mill.cpu_s() - before_s
    bare_s = time_bare_dramatiq(
        ground.broker_url, n_messages=n_tasks, n_processes=N_WORKERS, n_threads=SLOTS
    )
    return [
        at_least(f"{n_tasks} empty tasks, 2 workers", n_tasks / took_s, "tasks/s", BAR_PER_S),
        reported(f"{n_tasks} empty tasks, all of them", took_s, "s"),
        # Hardly moves with what else the box does.
        reported("CPU of workers and scheduler per empty task", 1000 * cpu_s / n_tasks, "ms"),
        reported(f"{n_tasks} messages, bare dramatiq, all of them", bare_s, "s"),
    ]
