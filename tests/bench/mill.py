"""The distributed form as it is run: real processes over a database and queues of their own."""

import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from pipeline.bootstrap import Pipeline, build
from pipeline.database.rows import JobRow
from pipeline.services import watching
from pipeline.settings import Settings
from schemas.events import Event
from schemas.vocabulary import JobId, QueueName
from tests.bench.ground import Ground
from tests.support import engine
from tests.support.roles import ALL_QUEUES, Api, Role, Scheduler, Worker

_LOOK_S = 0.05
_WARM_UP_TASKS = 32
_BATCH = 5000


class Mill:
    """Some workers, a scheduler, perhaps an API, and the bench's own door to the pipeline."""

    def __init__(self, ground: Ground, folder: Path) -> None:
        self._ground = ground
        self._folder = folder
        s3 = ground.s3
        self.settings: dict[str, Any] = {
            "database_url": ground.new_database(),
            "broker_url": ground.broker_url,
            "broker_prefix": f"bench-{secrets.token_hex(4)}",
            "redis_url": ground.redis_url,
            "s3_endpoint": s3.endpoint,
            "s3_access_key": s3.access_key,
            "s3_secret_key": s3.secret_key,
            "s3_bucket": s3.bucket,
            "s3_secure": s3.secure,
        }
        own = Settings(data_dir=folder / "own", _env_file=None, **self.settings)
        self.pipeline: Pipeline = build(own)
        self.roles: list[Role] = []

    def add_workers(
        self, n_workers: int, *, slots: int, queues: Sequence[QueueName] = ALL_QUEUES
    ) -> list[Worker]:
        """Start workers and wait until they listen."""
        new = [self._worker(slots, queues) for _ in range(n_workers)]
        for worker in new:
            worker.launch()
        for worker in new:
            worker.wait_until_ready()
        return new

    def _worker(self, slots: int, queues: Sequence[QueueName]) -> Worker:
        folder = self._folder / f"worker{len(self.roles)}"
        worker = Worker(folder, self.settings, slots=slots, queues=queues)
        (folder / "data").mkdir()
        shutil.copy(self._ground.capabilities, folder / "data")
        self.roles.append(worker)
        return worker

    def add_scheduler(self) -> Scheduler:
        """Start the relay and the sweeper."""
        scheduler = Scheduler(self._folder / "scheduler", self.settings)
        self.roles.append(scheduler)
        return scheduler.start()

    def add_api(self) -> Api:
        """Start the API and wait until it serves."""
        api = Api(self._folder / "api", self.settings)
        self.roles.append(api)
        return api.start()

    def warm_up(self) -> None:
        """Bring some tasks through, so that every process is up and its connections are open."""
        self.wait(engine.submit_idle(self.pipeline.database, _WARM_UP_TASKS, duration_s=0.05))

    def wait(self, job_id: JobId, *, timeout_s: float = 300.0) -> JobRow:
        """Wait until a job has ended."""
        give_up_at = time.monotonic() + timeout_s
        while time.monotonic() < give_up_at:
            with self.pipeline.database.read() as tx:
                row = tx.jobs.get(job_id)
            if row is not None and row.finished_at is not None:
                return row
            time.sleep(_LOOK_S)
        raise TimeoutError(f"job {job_id} goes on after {timeout_s} s")

    def run_idle(self, n_tasks: int, *, duration_s: float = 0.0) -> tuple[JobId, float]:
        """Bring a job of idle tasks through; tell the seconds from its commit to its end."""
        job_id = engine.submit_idle(self.pipeline.database, n_tasks, duration_s=duration_s)
        with self.pipeline.database.read() as tx:
            submitted_at_s = tx.jobs.now()
        row = self.wait(job_id)
        assert row.finished_at is not None
        return job_id, row.finished_at.timestamp() - submitted_at_s

    def cpu_s(self) -> float:
        """Add up the processor time of every process of ours so far."""
        times = [psutil.Process(role.pid).cpu_times() for role in self.roles]
        return sum(spent.user + spent.system for spent in times)

    def events(self, job_id: JobId) -> Iterator[Event]:
        """Read the history of a job."""
        last_id = 0
        while more := watching.events_after(
            self.pipeline.database, last_id, limit=_BATCH, job_id=job_id
        ):
            yield from more
            last_id = more[-1].id

    def close(self) -> None:
        """Stop everything."""
        for role in reversed(self.roles):
            role.stop()
        self.pipeline.close()


@contextmanager
def running_mill(ground: Ground, name: str) -> Iterator[Mill]:
    """Open a mill with nothing running; the bench adds what it needs."""
    folder = ground.new_folder(name)
    mill = Mill(ground, folder)
    try:
        yield mill
    finally:
        mill.close()
        shutil.rmtree(folder, ignore_errors=True)
