"""The distributed form on private servers: processes to hurt, and jobs to bring through it."""

import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline.bootstrap import Pipeline, build
from pipeline.core.errors import DatabaseUnavailable
from pipeline.services import assets, jobs, watching
from pipeline.settings import Settings
from schemas.events import Event, EventType
from schemas.http import JobRequest, JobView, TaskView
from schemas.profile import Profile
from schemas.vocabulary import AssetId, JobId, QueueName, TaskKind, TaskState
from tests.support.roles import ALL_QUEUES, Api, Role, Scheduler, Worker
from tests.support.seaweed import S3Address
from tests.support.waiting import wait_until

_LOOK_S = 0.05
_LIMIT_BYTES = 2**30
_JOB_ENDS = {EventType.JOB_SUCCEEDED, EventType.JOB_FAILED, EventType.JOB_CANCELLED}


@dataclass(frozen=True)
class Servers:
    """Where the servers are; the database and the names in the others are a fleet's own."""

    database_url: str
    broker_url: str
    redis_url: str
    s3: S3Address


@dataclass(frozen=True)
class Recipe:
    """What a job is made of; jobs of one recipe must come out the same."""

    name: str
    clip: Path
    profile: Profile


@dataclass(frozen=True)
class Order:
    """A job that was handed in."""

    recipe: Recipe
    asset_id: AssetId
    job_id: JobId


@dataclass
class Fleet:
    """Workers, a scheduler, an API, and the test's own door to the same pipeline."""

    folder: Path
    servers: Servers
    #: A ``capabilities.json`` to begin with: measuring takes seconds on every new box.
    capabilities: Path
    workers: list[Worker] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)

    def __post_init__(self) -> None:
        prefix = f"chaos-{secrets.token_hex(4)}"
        s3 = self.servers.s3
        self.settings: dict[str, Any] = {
            "database_url": self.servers.database_url,
            "broker_url": self.servers.broker_url,
            "broker_prefix": prefix,
            "redis_url": self.servers.redis_url,
            "s3_endpoint": s3.endpoint,
            "s3_access_key": s3.access_key,
            "s3_secret_key": s3.secret_key,
            "s3_bucket": s3.bucket,
            "s3_secure": s3.secure,
            # Short times, so that a fault is over soon. One thread makes x264 repeatable.
            "lease_s": 3.0,
            "heartbeat_s": 0.3,
            "sweep_interval_s": 0.5,
            "garbage_delay_s": 1.0,
            "encoder_threads": 1,
        }
        own = Settings(data_dir=self.folder / "own", _env_file=None, **self.settings)
        self.pipeline: Pipeline = build(own)
        #: Other tests may have used the bucket.
        self.found_at_start = {found.key for found in self.pipeline.storage.list("assets/")}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with closing(self.pipeline):
            for role in self.roles:
                role.kill()
                _print_end(role)

    # -- processes -------------------------------------------------------------------------

    def add_workers(self, n_workers: int, *, slots: int = 2, **settings: Any) -> list[Worker]:
        """Start more boxes and wait until they work."""
        new = [self._worker(slots, settings) for _ in range(n_workers)]
        for worker in new:
            worker.launch()
        for worker in new:
            worker.wait_until_ready()
        return new

    def _worker(
        self, slots: int, settings: dict[str, Any], queues: Sequence[QueueName] = ALL_QUEUES
    ) -> Worker:
        folder = self.folder / f"box{len(self.workers)}"
        worker = Worker(folder, {**self.settings, **settings}, slots=slots, queues=queues)
        (folder / "data").mkdir()
        shutil.copy(self.capabilities, folder / "data" / "capabilities.json")
        self.workers.append(worker)
        self.roles.append(worker)
        return worker

    def add_scheduler(self, **settings: Any) -> Scheduler:
        """Start one."""
        number = len(self.roles)
        scheduler = Scheduler(self.folder / f"scheduler{number}", {**self.settings, **settings})
        self.roles.append(scheduler)
        scheduler.launch()
        return scheduler

    def add_api(self) -> Api:
        """Start one and wait until it serves."""
        api = Api(self.folder / f"api{len(self.roles)}", self.settings)
        self.roles.append(api)
        return api.start()

    def owner_of(self, task: TaskView) -> Worker | None:
        """Find the box that runs a task."""
        return next((w for w in self.workers if w.worker_id == task.worker_id), None)

    def stop(self) -> None:
        """Stop everything politely; boxes that were killed come up once more, to tidy up."""
        for worker in self.workers:
            if not worker.is_running:
                worker.launch()
        for worker in self.workers:
            worker.wait_until_ready()
        for role in reversed(self.roles):
            role.stop()

    # -- jobs ------------------------------------------------------------------------------

    def submit(self, recipe: Recipe, n_jobs: int = 1, **limits: int) -> list[Order]:
        """Hand in the recipe's clip so many times."""
        all_limits = {"max_attempts": 3, "max_lost": 10, **limits}
        orders = [self._submit(recipe, all_limits) for _ in range(n_jobs)]
        self.orders += orders
        return orders

    def _submit(self, recipe: Recipe, limits: dict[str, int]) -> Order:
        with recipe.clip.open("rb") as file:
            asset = assets.create(
                self.pipeline.database,
                self.pipeline.storage,
                filename=recipe.clip.name,
                blocks=iter(lambda: file.read(2**18), b""),
                limit_bytes=_LIMIT_BYTES,
            )
        job = jobs.submit(
            self.pipeline.database, JobRequest(asset_id=asset.id), recipe.profile, **limits
        )
        return Order(recipe, asset.id, job.id)

    def show(self, order: Order) -> JobView:
        return jobs.show(self.pipeline.database, order.job_id)

    def events(self) -> list[Event]:
        """Read the whole history."""
        found: list[Event] = []
        while more := watching.events_after(
            self.pipeline.database, found[-1].id if found else 0, limit=5000
        ):
            found += more
        return found

    def wait(
        self,
        orders: Sequence[Order] | None = None,
        *,
        timeout_s: float = 120.0,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        """Wait until jobs have ended, doing something all the while."""
        open_jobs = {order.job_id for order in (self.orders if orders is None else orders)}
        give_up_at, last_id = time.monotonic() + timeout_s, 0
        while True:
            meanwhile()
            for event in self._news(last_id):
                last_id = event.id
                if event.type in _JOB_ENDS and event.job_id:
                    open_jobs.discard(event.job_id)
            if not open_jobs:
                return
            if time.monotonic() > give_up_at:
                raise AssertionError(self._describe(open_jobs, timeout_s))
            time.sleep(_LOOK_S)

    def _news(self, last_id: int) -> Sequence[Event]:
        try:
            return watching.events_after(self.pipeline.database, last_id)
        except DatabaseUnavailable:  # part of some scenarios
            return ()

    def _describe(self, job_ids: set[JobId], timeout_s: float) -> str:
        shown = [jobs.show(self.pipeline.database, job_id) for job_id in job_ids]
        tasks = [
            f"{task.kind} {task.queue} {task.state} attempt={task.attempt} lost={task.lost_count} "
            f"run_after={task.run_after} {task.error}"
            for job in shown
            for task in job.tasks
            if task.state not in {TaskState.SUCCEEDED, TaskState.BLOCKED}
        ]
        return f"after {timeout_s} s {len(job_ids)} jobs go on:\n" + "\n".join(tasks)

    def wait_for_encode(self, order: Order, *, timeout_s: float = 60.0) -> TaskView:
        """Wait until an ffmpeg encodes pictures of a job; return its task."""
        found: list[TaskView] = []

        def is_encoding() -> bool:
            found[:] = self.running(order, TaskKind.ENCODE)
            owners = [self.owner_of(task) for task in found]
            return any(owner is not None and owner.children() for owner in owners)

        wait_until(is_encoding, timeout_s=timeout_s)
        return found[0]

    def running(self, order: Order, kind: TaskKind | None = None) -> list[TaskView]:
        """List running tasks of a job."""
        return [
            task
            for task in self.show(order).tasks
            if task.state is TaskState.RUNNING and kind in {None, task.kind}
        ]


def _print_end(role: Role) -> None:
    """Print the end of its log: pytest shows it when a test fails."""
    tail = role.output.splitlines()[-60:]
    print(f"--- {role.folder.name} ---", *(line[:600] for line in tail), sep="\n")
