"""Requests that may come twice, as rows."""

from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    UniqueConstraint,
    delete,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.database.promises import NewPromise, PromiseRow
from pipeline.database.sql.columns import Seconds, now_s
from pipeline.database.sql.tables import metadata

idempotency = Table(
    "idempotency",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("key_sha256", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("held_until", Seconds, nullable=False),
    Column("made", String(64)),
    Column("status", Integer),
    Column("answer", LargeBinary),
    Column("created_at", Seconds, nullable=False),
    UniqueConstraint("account", "key_sha256", name="uq_idempotency_account"),
    Index("ix_idempotency_created_at", "created_at"),
)

_ALL = select(idempotency, (idempotency.c.held_until > now_s()).label("is_held"))


def _row(row: Row[Any]) -> PromiseRow:
    return PromiseRow(
        id=row.id,
        account=row.account,
        key_sha256=row.key_sha256,
        fingerprint=row.fingerprint,
        epoch=row.epoch,
        is_held=bool(row.is_held),
        made=row.made,
        status=row.status,
        answer=row.answer,
    )


class SqlPromises:
    """See ``promises.PromiseRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: NewPromise, *, hold_s: float) -> bool:
        dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        added = self._connection.execute(
            dialect.insert(idempotency)
            .values(
                id=row.id,
                account=row.account,
                key_sha256=row.key_sha256,
                fingerprint=row.fingerprint,
                epoch=1,
                held_until=now_s() + hold_s,
                created_at=now_s(),
            )
            .on_conflict_do_nothing()
            # A count of rows is not given with an insert everywhere.
            .returning(idempotency.c.id)
        )
        return added.scalar_one_or_none() is not None

    def get(self, account: str, key_sha256: str) -> PromiseRow | None:
        query = _ALL.where(idempotency.c.account == account, idempotency.c.key_sha256 == key_sha256)
        row = self._connection.execute(query.with_for_update()).one_or_none()
        return None if row is None else _row(row)

    def hold(self, promise_id: str, *, hold_s: float) -> int:
        change = (
            update(idempotency)
            .where(idempotency.c.id == promise_id)
            .values(epoch=idempotency.c.epoch + 1, held_until=now_s() + hold_s)
            .returning(idempotency.c.epoch)
        )
        epoch: int = self._connection.execute(change).scalar_one()
        return epoch

    def renew(self, promise_id: str, epoch: int, *, hold_s: float) -> None:
        self._set(promise_id, epoch, held_until=now_s() + hold_s)

    def made(self, promise_id: str) -> str | None:
        query = select(idempotency.c.made).where(idempotency.c.id == promise_id).with_for_update()
        return self._connection.execute(query).scalar_one_or_none()

    def make(self, promise_id: str, made: str) -> None:
        change = update(idempotency).where(idempotency.c.id == promise_id)
        self._connection.execute(change.values(made=made))

    def settle(self, promise_id: str, status: int, answer: bytes) -> None:
        change = update(idempotency).where(
            idempotency.c.id == promise_id, idempotency.c.status.is_(None)
        )
        self._connection.execute(change.values(status=status, answer=answer, held_until=0))

    def release(self, promise_id: str, epoch: int) -> None:
        self._set(promise_id, epoch, held_until=0)

    def drop(self, promise_id: str, epoch: int) -> None:
        self._connection.execute(
            delete(idempotency).where(
                idempotency.c.id == promise_id,
                idempotency.c.epoch == epoch,
                idempotency.c.made.is_(None),
            )
        )

    def trim(self, older_s: float, limit: int) -> int:
        old = (
            select(idempotency.c.id)
            .where(idempotency.c.created_at < now_s() - older_s)
            .order_by(idempotency.c.created_at)
            .limit(limit)
        )
        gone = self._connection.execute(delete(idempotency).where(idempotency.c.id.in_(old)))
        return gone.rowcount

    def _set(self, promise_id: str, epoch: int, **values: Any) -> None:
        change = update(idempotency).where(
            idempotency.c.id == promise_id, idempotency.c.epoch == epoch
        )
        self._connection.execute(change.values(**values))
