"""What services ask of the database: transactions, and statements named for what they decide.

Inside ``write()`` everything happens or nothing does. Times are the database's own clock.
Every method may raise ``DatabaseUnavailable``; after one at the end of ``write()`` the commit
may have happened all the same, so whoever repeats must be ready to find its work done.
Locks are taken in one order, task before job, so that writers do not deadlock.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from pipeline.database.accounts import AccountRows, KeyRows, LoginRows
from pipeline.database.fetches import FetchRows
from pipeline.database.promises import PromiseRows
from pipeline.database.proofs import CertificateRows
from pipeline.database.restream import RestreamRows
from pipeline.database.rowsets import (
    AssetRows,
    EventRows,
    JobRows,
    MediaRows,
    OutboxRows,
    TaskRows,
)
from pipeline.database.session_rows import SessionRows
from pipeline.database.shelf import ProfileRows
from pipeline.database.stream_stats import StreamStatRows
from pipeline.database.streams import StreamKeyRows, StreamRows
from pipeline.database.tickets import TicketRows
from pipeline.database.upkeep import FleetRows, GarbageRows
from pipeline.database.uploads import UploadRows
from pipeline.database.webhooks import DeliveryRows, WebhookRows
from schemas.events import EventType
from schemas.vocabulary import AssetId, JobId, TaskId


class Transaction(Protocol):
    """One unit of work."""

    @property
    def assets(self) -> AssetRows: ...
    @property
    def jobs(self) -> JobRows: ...
    @property
    def tasks(self) -> TaskRows: ...
    @property
    def outbox(self) -> OutboxRows: ...
    @property
    def events(self) -> EventRows: ...
    @property
    def media(self) -> MediaRows: ...
    @property
    def certificates(self) -> CertificateRows: ...
    @property
    def profiles(self) -> ProfileRows: ...
    @property
    def promises(self) -> PromiseRows: ...
    @property
    def uploads(self) -> UploadRows: ...
    @property
    def fetches(self) -> FetchRows: ...
    @property
    def garbage(self) -> GarbageRows: ...
    @property
    def fleet(self) -> FleetRows: ...
    @property
    def tickets(self) -> TicketRows: ...
    @property
    def accounts(self) -> AccountRows: ...
    @property
    def api_keys(self) -> KeyRows: ...
    @property
    def logins(self) -> LoginRows: ...
    @property
    def webhooks(self) -> WebhookRows: ...
    @property
    def deliveries(self) -> DeliveryRows: ...
    @property
    def streams(self) -> StreamRows: ...
    @property
    def stream_keys(self) -> StreamKeyRows: ...
    @property
    def sessions(self) -> SessionRows: ...
    @property
    def stream_stats(self) -> StreamStatRows: ...
    @property
    def restream(self) -> RestreamRows: ...

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
        """Record a state change; it is numbered, for readers, after the commit.

        Its account is the asset's, unless another is named.
        """


class Database(Protocol):
    """The only authority."""

    def write(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that commits when the block ends and rolls back when it raises."""

    def read(self) -> AbstractContextManager[Transaction]:
        """Open a consistent view; nothing may be written."""

    def on_commit(self, notify: "CommitListener") -> None:
        """Have a function called after each commit that wrote events or rings."""

    def check(self) -> None:
        """Raise DatabaseUnavailable unless the database answers now."""

    def migrate(self) -> None:
        """Bring the schema to its newest form; safe to call from several processes at once."""

    def close(self) -> None: ...


class CommitListener(Protocol):
    """Hears of commits in this process: wakes the relay and the watchers without polling."""

    def __call__(self, *, has_events: bool, has_rings: bool) -> None: ...
