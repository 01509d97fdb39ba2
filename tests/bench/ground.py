"""The ground benches stand on: private servers, each started at its first use."""

import secrets
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.settings import Settings
from tests.support.given import GivenServers
from tests.support.postgres import Postgres, create_database
from tests.support.rabbitmq import RabbitMQ
from tests.support.seaweed import S3Address, Seaweed
from tests.support.valkey import Redis
from workers import capabilities


@dataclass
class Ground:
    """Servers, a folder for everything, and how thorough to be."""

    folder: Path
    #: A tenth of the work: shows that the benches run, not how fast we are.
    is_quick: bool
    _given: GivenServers = field(default_factory=GivenServers)
    _started: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._started.close()

    def scaled(self, amount: int) -> int:
        """Shrink an amount of work where the benches shall be quick."""
        return max(1, amount // 10) if self.is_quick else amount

    def new_folder(self, name: str) -> Path:
        """Make a folder nobody else uses."""
        made = self.folder / f"{name}-{secrets.token_hex(4)}"
        made.mkdir()
        return made

    @cached_property
    def broker_url(self) -> str:
        return self._given.rabbitmq_url or self._started.enter_context(RabbitMQ()).url

    @cached_property
    def redis_url(self) -> str:
        return self._given.redis_url or self._started.enter_context(Redis()).url

    @cached_property
    def s3(self) -> S3Address:
        return self._given.s3 or self._started.enter_context(Seaweed()).address

    @cached_property
    def _postgres_url(self) -> str:
        # As installed, with every commit on disk: the tests' fast settings would flatter us.
        return self._given.postgres_url or self._started.enter_context(Postgres(settings=())).url

    def new_database(self) -> str:
        """Make an empty PostgreSQL database and return its address."""
        return create_database(self._postgres_url)

    @cached_property
    def capabilities(self) -> Path:
        """What this box can do, measured once for all workers."""
        folder = self.new_folder("measured")
        capabilities.measure(Settings(data_dir=folder, _env_file=None))
        return folder / "capabilities.json"
