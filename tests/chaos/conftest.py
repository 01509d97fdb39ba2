"""A distributed stack of one's own per scenario, on servers that all of them share."""

import random
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.settings import Settings
from tests.support.checker import Reference, check, pictures
from tests.support.fleet import Fleet, Servers
from tests.support.postgres import Postgres, create_database, drop_database
from tests.support.rabbitmq import RabbitMQ
from tests.support.recipes import Recipes
from tests.support.seaweed import S3Address
from tests.support.valkey import Redis
from workers import capabilities


@pytest.fixture(scope="session")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> Recipes:
    return Recipes.made_in(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this machine can do, measured once for all boxes."""
    folder = tmp_path_factory.mktemp("measured")
    capabilities.measure(Settings(data_dir=folder, _env_file=None))
    return folder / "capabilities.json"


@pytest.fixture
def servers_of_fleet(
    postgres_server: Postgres, rabbitmq_server: RabbitMQ, redis_server: Redis, s3: S3Address
) -> Iterator[Servers]:
    url = create_database(postgres_server.url)
    yield Servers(url, rabbitmq_server.url, redis_server.url, s3)
    drop_database(postgres_server.url, url)


@pytest.fixture
def dice() -> random.Random:
    """Chance that can be repeated: a failed test shows the seed."""
    seed = secrets.randbelow(2**32)
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.fixture
def fleet(servers_of_fleet: Servers, measured: Path, tmp_path: Path) -> Iterator[Fleet]:
    """An empty fleet: scenarios start what they need."""
    with Fleet(tmp_path / "fleet", servers_of_fleet, measured) as made:
        yield made


@pytest.fixture(scope="session")
def reference(
    postgres_server: Postgres,
    rabbitmq_server: RabbitMQ,
    redis_server: Redis,
    s3: S3Address,
    measured: Path,
    recipes: Recipes,
    tmp_path_factory: pytest.TempPathFactory,
) -> Reference:
    """What comes out when nobody disturbs."""
    url = create_database(postgres_server.url)
    servers = Servers(url, rabbitmq_server.url, redis_server.url, s3)
    with Fleet(tmp_path_factory.mktemp("undisturbed"), servers, measured) as fleet:
        fleet.add_scheduler()
        fleet.add_workers(1)
        (light,), (heavy,) = fleet.submit(recipes.light), fleet.submit(recipes.heavy)
        fleet.wait()
        made = {"light": pictures(fleet, light), "heavy": pictures(fleet, heavy)}
        check(fleet, made)
    drop_database(postgres_server.url, url)
    return made
