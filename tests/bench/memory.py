"""Whether processes grow with the jobs they have seen."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from api.client import Client
from schemas.http import JobRequest
from schemas.vocabulary import AssetState
from tests.bench.figures import Figure, at_most, reported
from tests.bench.ground import Ground
from tests.bench.mill import running_mill
from tests.support.lavfi import clip
from tests.support.roles import Role

#: Jobs until every pool, cache and connection has its size; jobs in all.
FIRST_JOBS = 20
JOBS = 200
N_AT_ONCE = 4
BAR_PERCENT = 5.0


def measure(ground: Ground) -> list[Figure]:
    """Send small files through the whole house, watching each over its socket."""
    source = clip(ground.new_folder("source") / "clip.mp4", seconds=1, size="160x90")
    first, last = ground.scaled(FIRST_JOBS), ground.scaled(JOBS)
    with running_mill(ground, "memory") as mill:
        api = mill.add_api()
        scheduler = mill.add_scheduler()
        (worker,) = mill.add_workers(1, slots=2)
        roles = {"API": api, "worker": worker, "scheduler": scheduler}
        _run_jobs(api.url, source, first)
        before = _memory_mib(roles)
        _run_jobs(api.url, source, last - first)
        after = _memory_mib(roles)
    grown = {name: 100 * (after[name] / before[name] - 1) for name in roles}
    judged = [
        at_most(f"memory of the {name}, job {first} → job {last}", grown[name], "%", BAR_PERCENT)
        for name in roles
    ]
    return [*judged, *(reported(f"memory of the {name}", after[name], "MiB") for name in roles)]


def _run_jobs(url: str, source: Path, n_jobs: int) -> None:
    with Client(url) as client, ThreadPoolExecutor(N_AT_ONCE) as pool:
        for done in [pool.submit(_run_job, client, source) for _ in range(n_jobs)]:
            done.result()


def _run_job(client: Client, source: Path) -> None:
    asset = client.upload(source)
    for _ in client.watch(client.submit(JobRequest(asset_id=asset.id)).id):
        pass
    state = client.asset(asset.id).state
    assert state is AssetState.READY, state


def _memory_mib(roles: Mapping[str, Role]) -> dict[str, float]:
    """Add up what the processes of each role keep in memory."""
    return {name: _resident_bytes(role.pid) / 2**20 for name, role in roles.items()}


def _resident_bytes(pid: int) -> int:
    first = psutil.Process(pid)
    family = [first, *first.children(recursive=True)]
    return sum(process.memory_info().rss for process in family)
