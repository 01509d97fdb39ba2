"""Servers for the tests that ask for one, each started at its first use and only once.

A server given by the environment is used instead (``tests.support.given``). What a test
leaves in a shared server must not disturb another: take a ``broker_prefix``, a
``bus_channel``, a ``postgres_database`` or object keys of your own.
"""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TypeVar

import pytest

from tests.support.given import GivenServers
from tests.support.postgres import Postgres, create_database, drop_database
from tests.support.rabbitmq import RabbitMQ
from tests.support.seaweed import S3Address, Seaweed
from tests.support.server import Server
from tests.support.valkey import Redis

S = TypeVar("S", bound=Server)


@pytest.fixture(scope="session")
def given_servers() -> GivenServers:
    return GivenServers()


@pytest.fixture(scope="session")
def servers() -> Iterator[ExitStack]:
    """Stops whatever was started, in reverse order."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def rabbitmq_server(servers: ExitStack) -> RabbitMQ:
    """The shared private node, for tests that restart it (and leave it running)."""
    return _private(servers, RabbitMQ)


@pytest.fixture(scope="session")
def redis_server(servers: ExitStack) -> Redis:
    """The shared private Redis, for tests that restart it (and leave it running)."""
    return _private(servers, Redis)


@pytest.fixture(scope="session")
def postgres_server(servers: ExitStack) -> Postgres:
    """The shared private PostgreSQL, for tests that restart it (and leave it running)."""
    return _private(servers, Postgres)


@pytest.fixture(scope="session")
def rabbitmq_url(given_servers: GivenServers, request: pytest.FixtureRequest) -> str:
    return given_servers.rabbitmq_url or request.getfixturevalue("rabbitmq_server").url


@pytest.fixture(scope="session")
def redis_url(given_servers: GivenServers, request: pytest.FixtureRequest) -> str:
    return given_servers.redis_url or request.getfixturevalue("redis_server").url


@pytest.fixture(scope="session")
def postgres_url(given_servers: GivenServers, request: pytest.FixtureRequest) -> str:
    """Address of a maintenance database; tests work in a ``postgres_database``."""
    return given_servers.postgres_url or request.getfixturevalue("postgres_server").url


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """Address of an empty database for one test."""
    url = create_database(postgres_url)
    yield url
    drop_database(postgres_url, url)


@pytest.fixture(scope="session")
def s3(given_servers: GivenServers, servers: ExitStack) -> S3Address:
    """One bucket for the session."""
    return given_servers.s3 or _private(servers, Seaweed).address


@pytest.fixture
def broker_prefix() -> str:
    """First part of queue names that no other test uses."""
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture
def bus_channel() -> str:
    """A channel that no other test uses."""
    return f"test-{secrets.token_hex(4)}"


def _private(servers: ExitStack, kind: type[S]) -> S:
    try:
        server = kind()
    except FileNotFoundError as exc:
        pytest.fail(f"not installed: {exc.args[-1]} (run `python -m tests.support.install`)")
    servers.enter_context(server)
    return server
