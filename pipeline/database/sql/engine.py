"""Engines: how each of the two databases is opened, and its errors put in our words."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from pipeline.core.errors import DatabaseUnavailable

#: A connection used so lately needs no asking whether it still works.
_FRESH_S = 0.5
#: How long a process waits for another to make a fresh SQLite file what it shall be.
_SWITCH_S = 5.0


def open_engine(url: str) -> Engine:
    """Open a pool on SQLite (WAL, fully synchronous) or PostgreSQL (psycopg 3)."""
    if make_url(url).get_backend_name() == "sqlite":
        return _open_sqlite(url)
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_recycle=1800,
        pool_size=10,
        max_overflow=20,
        pool_timeout=10,
        connect_args={
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            # They rest while something sent is unanswered: then this ends a dead line.
            "tcp_user_timeout": 20_000,
            # A transaction that holds locks and does nothing is a bug of ours or a dead host.
            "options": "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=30000",
        },
    )
    event.listen(engine, "connect", _note_use)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ping_if_idle)
    return engine


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_at_s"] = time.monotonic()


def _ping_if_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """Ask before the use, so that a restarted server costs no failed request.

    SQLAlchemy's own ping asks before every use: a round trip on the way of each claim and
    each finish. No server restarts between two uses within a moment.
    """
    if time.monotonic() - record.info["used_at_s"] < _FRESH_S:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as exc:
        # The pool drops every connection as old as this one and opens a new one.
        raise InvalidatePoolError from exc


def _open_sqlite(url: str) -> Engine:
    _make_private(make_url(url).database or "")
    engine = create_engine(url, pool_size=16, max_overflow=32, connect_args={"timeout": 30})
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _make_private(path: str) -> None:
    """Make a new file before SQLite does, for its owner's eyes: hashes and keys will be in it."""
    if path in {"", ":memory:"}:
        return
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _prepare_sqlite(connection: Any, record: Any) -> None:
    del record
    # SQLAlchemy begins transactions itself, see begin(): the driver must not.
    connection.isolation_level = None
    _log_ahead(connection)
    for pragma in (
        # FULL: what was committed survives a power cut, as law 1 needs.
        "synchronous=FULL",
        "busy_timeout=30000",
        "foreign_keys=ON",
        "cache_size=-16000",
    ):
        connection.execute(f"PRAGMA {pragma}")


@retry(
    retry=retry_if_exception(lambda error: "locked" in str(error)),
    stop=stop_after_delay(_SWITCH_S),
    wait=wait_random(0, 0.05),
    reraise=True,
)
def _log_ahead(connection: Any) -> None:
    """Switch to WAL; of several who find a fresh file, SQLite turns all but one away at once."""
    connection.execute("PRAGMA journal_mode=WAL")


class FirstComeLock:
    """A lock that is granted in the order of asking.

    SQLite lets one writer in at a time and wakes waiters by polling, which starves some;
    queueing in the process first keeps every thread's wait as short as its turn.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: list[threading.Event] = []
        self._is_held = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for one's turn and hold the lock for the block."""
        turn = self._join()
        if turn is not None:
            turn.wait()
        try:
            yield
        finally:
            self._leave()

    def _join(self) -> threading.Event | None:
        with self._guard:
            if not self._is_held:
                self._is_held = True
                return None
            turn = threading.Event()
            self._waiting.append(turn)
            return turn

    def _leave(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.pop(0).set()
            else:
                self._is_held = False


@contextmanager
def translated() -> Iterator[None]:
    """Put the driver's complaints about an absent database into our words."""
    try:
        yield
    except PoolTimeoutError as exc:
        raise DatabaseUnavailable("all database connections are busy") from exc
    except DBAPIError as exc:
        if isinstance(exc, OperationalError) or exc.connection_invalidated:
            raise DatabaseUnavailable(f"the database does not answer: {exc.orig}") from exc
        raise
