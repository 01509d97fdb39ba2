"""PostgreSQL under locks and lost lines: what must not wait, and what must not wait for ever."""

import os
import socket
from collections.abc import Iterator

import psycopg
import pytest

from pipeline.database.sql import SqlDatabase
from pipeline.services import tasks
from schemas.vocabulary import QueueName, WorkerId
from schemas.workers import Pulse
from tests.support import engine
from tests.support.engine import must_claim


@pytest.fixture
def postgres(postgres_database: str) -> Iterator[SqlDatabase]:
    opened = SqlDatabase(postgres_database)
    opened.migrate()
    yield opened
    opened.close()


def test_a_heartbeat_waits_for_nobody(postgres: SqlDatabase) -> None:
    """One task that is being cancelled must not cost a box all its other leases."""
    engine.submit(postgres)
    engine.submit(postgres)
    held, other = (must_claim(postgres, QueueName.PROBE) for _ in range(2))
    pulses = [Pulse(task_id=c.task_id, epoch=c.epoch, progress={}) for c in (held, other)]
    gone = Pulse(task_id=held.task_id, epoch=held.epoch + 1, progress={})

    with postgres.write() as tx:
        assert tx.tasks.holds(held.task_id, held.epoch)
        # Were it to wait, it would be for this very transaction.
        orders = tasks.heartbeat(postgres, WorkerId("w1"), pulses, lease_s=12)
        stale = tasks.heartbeat(postgres, WorkerId("w1"), [gone], lease_s=12)

    assert orders.lost == ()
    assert stale.lost == (held.task_id,)


def test_a_line_that_went_dead_is_given_up_in_seconds(postgres: SqlDatabase) -> None:
    """Keepalives do not cover it: the kernel repeats what was sent for a quarter of an hour."""
    with postgres.read() as tx:
        line = tx._connection.connection.driver_connection
        assert isinstance(line, psycopg.Connection)
        with socket.socket(fileno=os.dup(line.fileno())) as opened:
            limit_ms = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert 0 < limit_ms <= 30_000
