"""Transactions over an engine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, String, bindparam, func, insert, select, text

from pipeline.database.migrations.run import upgrade
from pipeline.database.port import CommitListener
from pipeline.database.sql import tables
from pipeline.database.sql.accounts import SqlAccounts
from pipeline.database.sql.api_keys import SqlApiKeys
from pipeline.database.sql.assets import SqlAssets
from pipeline.database.sql.certificates import SqlCertificates
from pipeline.database.sql.columns import now_s
from pipeline.database.sql.deliveries import SqlDeliveries
from pipeline.database.sql.engine import FirstComeLock, open_engine, translated
from pipeline.database.sql.events import SqlEvents
from pipeline.database.sql.fetches import SqlFetches
from pipeline.database.sql.fleet import SqlFleet
from pipeline.database.sql.garbage import SqlGarbage
from pipeline.database.sql.jobs import SqlJobs
from pipeline.database.sql.logins import SqlLogins
from pipeline.database.sql.media import SqlMedia
from pipeline.database.sql.outbox import SqlOutbox
from pipeline.database.sql.promises import SqlPromises
from pipeline.database.sql.restream import SqlRestream
from pipeline.database.sql.shelf import SqlProfiles
from pipeline.database.sql.stream_keys import SqlStreamKeys
from pipeline.database.sql.stream_sessions import SqlSessions
from pipeline.database.sql.stream_stats import SqlStreamStats
from pipeline.database.sql.streams import SqlStreams
from pipeline.database.sql.tasks import SqlTasks
from pipeline.database.sql.tickets import SqlTickets
from pipeline.database.sql.uploads import SqlUploads
from pipeline.database.sql.webhooks import SqlWebhooks
from schemas.events import EventType
from schemas.vocabulary import AssetId, JobId, TaskId

# What every task runs through is built once: building costs more than running it.
_OWNER = select(tables.asset.c.account).where(tables.asset.c.id == bindparam("owned_by"))
_RECORD = insert(tables.event).values(
    at=now_s(),
    account=func.coalesce(bindparam("given_account", type_=String), _OWNER.scalar_subquery()),
)


class SqlTransaction:
    """One unit of work on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._emitted: list[dict[str, Any]] = []
        self.assets = SqlAssets(connection)
        self.jobs = SqlJobs(connection)
        self.tasks = SqlTasks(connection)
        self.outbox = SqlOutbox(connection)
        self.events = SqlEvents(connection)
        self.media = SqlMedia(connection)
        self.certificates = SqlCertificates(connection)
        self.promises = SqlPromises(connection)
        self.profiles = SqlProfiles(connection)
        self.uploads = SqlUploads(connection)
        self.fetches = SqlFetches(connection)
        self.garbage = SqlGarbage(connection)
        self.fleet = SqlFleet(connection)
        self.tickets = SqlTickets(connection)
        self.accounts = SqlAccounts(connection)
        self.api_keys = SqlApiKeys(connection)
        self.logins = SqlLogins(connection)
        self.webhooks = SqlWebhooks(connection)
        self.deliveries = SqlDeliveries(connection)
        self.streams = SqlStreams(connection)
        self.stream_keys = SqlStreamKeys(connection)
        self.sessions = SqlSessions(connection)
        self.stream_stats = SqlStreamStats(connection)
        self.restream = SqlRestream(connection)

    def emit(
        self,
        type_: EventType,
        *,
        asset_id: AssetId | None = None,
        job_id: JobId | None = None,
        task_id: TaskId | None = None,
        data: Mapping[str, Any] | None = None,
        account: str | None = None,
    ) -> None:
        """Keep the event until the end of the transaction."""
        self._emitted.append(
            {
                "type": type_.value,
                "asset_id": asset_id,
                "job_id": job_id,
                "task_id": task_id,
                "data": dict(data or {}),
                # Whose it is, said outright or found by the asset.
                "given_account": account,
                "owned_by": asset_id,
            }
        )

    def flush_events(self) -> bool:
        """Insert what was emitted; tell whether there was anything."""
        if self._emitted:
            self._connection.execute(_RECORD, self._emitted)
        return bool(self._emitted)


class SqlDatabase:
    """SQLite in one process, or PostgreSQL for many."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        # SQLite's plain BEGIN is a consistent view already.
        view = {} if self._is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reader = self._engine.execution_options(**view)
        self._turn = FirstComeLock()
        self._listeners: list[CommitListener] = []

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        """Open a transaction that commits when the block ends."""
        turn = self._turn.held() if self._is_sqlite else nullcontext()
        with turn, translated(), self._engine.connect() as connection:
            with connection.begin():
                if self._is_sqlite:
                    # Takes the write lock at once: a later upgrade would fail, not wait.
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                transaction = SqlTransaction(connection)
                yield transaction
                has_events = transaction.flush_events()
            has_rings = transaction.outbox.has_added
        self._tell(has_events=has_events, has_rings=has_rings)

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """Open a consistent view."""
        with translated(), self._reader.connect() as connection, connection.begin():
            if self._is_sqlite:
                connection.exec_driver_sql("BEGIN")
            yield SqlTransaction(connection)

    def on_commit(self, notify: CommitListener) -> None:
        """Add a listener."""
        self._listeners.append(notify)

    def _tell(self, *, has_events: bool, has_rings: bool) -> None:
        if has_events or has_rings:
            for notify in self._listeners:
                notify(has_events=has_events, has_rings=has_rings)

    def check(self) -> None:
        """Ask the database for a number."""
        with translated(), self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def migrate(self) -> None:
        """Run the migrations."""
        with translated():
            upgrade(self._engine)

    def close(self) -> None:
        """Close the pool."""
        self._engine.dispose()
