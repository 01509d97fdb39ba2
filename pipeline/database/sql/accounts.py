"""Accounts as rows."""

from typing import Any

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from pipeline.database.accounts import AccountRow, NewAccount
from pipeline.database.sql.access_tables import account
from pipeline.database.sql.columns import now_s, utc
from schemas.access import Quotas
from schemas.identity import Role


def _row(row: Row[Any]) -> AccountRow:
    return AccountRow(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        password_hash=row.password_hash,
        quotas=Quotas(
            stored_bytes=row.max_stored_bytes,
            open_uploads=row.max_open_uploads,
            minutes_a_day=row.max_minutes_a_day,
        ),
        is_disabled=row.is_disabled,
        epoch=row.epoch,
        created_at=utc(row.created_at),
    )


def _limits(quotas: Quotas) -> dict[str, int | None]:
    return {f"max_{name}": value for name, value in quotas}


class SqlAccounts:
    """See ``database.accounts.AccountRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: NewAccount) -> bool:
        is_sqlite = self._connection.dialect.name == "sqlite"
        into = sqlite_insert(account) if is_sqlite else postgresql_insert(account)
        values = {
            "id": row.id,
            "name": row.name,
            "role": row.role.value,
            "password_hash": row.password_hash,
            "is_disabled": False,
            "epoch": 0,
            "created_at": now_s(),
            **_limits(row.quotas),
        }
        done = into.values(values).on_conflict_do_nothing().returning(account.c.id)
        return self._connection.execute(done).first() is not None

    def get(self, account_id: str) -> AccountRow | None:
        query = select(account).where(account.c.id == account_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _row(row)

    def named(self, name: str) -> AccountRow | None:
        query = select(account).where(account.c.name == name)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _row(row)

    def all(self) -> list[AccountRow]:
        return [_row(row) for row in self._connection.execute(select(account).order_by("name"))]

    def change(
        self,
        account_id: str,
        *,
        role: Role | None = None,
        is_disabled: bool | None = None,
        password_hash: str | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        given = {
            "role": None if role is None else role.value,
            "is_disabled": is_disabled,
            "password_hash": password_hash,
        }
        values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if quotas is not None:
            values |= _limits(quotas)
        if values:
            change = update(account).where(account.c.id == account_id).values(values)
            self._connection.execute(change)

    def raise_epoch(self, account_id: str) -> None:
        change = update(account).where(account.c.id == account_id)
        self._connection.execute(change.values(epoch=account.c.epoch + 1))

    def delete(self, account_id: str) -> bool:
        gone = delete(account).where(account.c.id == account_id).returning(account.c.id)
        return self._connection.execute(gone).first() is not None
