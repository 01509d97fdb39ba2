"""Logins, refresh tokens and tickets as rows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, insert, select, update

from pipeline.database.accounts import LoginKind, LoginRow
from pipeline.database.sql.access_tables import login, login_ticket, refresh_token
from pipeline.database.sql.columns import now_s, utc

_IS_LIVE = and_(login.c.revoked_at.is_(None), login.c.expires_at > now_s())


class SqlLogins:
    """See ``database.accounts.LoginRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        login_id: str,
        account_id: str,
        kind: LoginKind,
        *,
        life_s: float,
        digest: str | None = None,
    ) -> None:
        self._connection.execute(
            insert(login).values(
                id=login_id,
                account_id=account_id,
                kind=kind.value,
                digest=digest,
                created_at=now_s(),
                expires_at=now_s() + life_s,
            )
        )

    def get(self, login_id: str) -> LoginRow | None:
        return self._one(_all().where(login.c.id == login_id))

    def of_cookie(self, digest: str) -> LoginRow | None:
        return self._one(_all().where(login.c.digest == digest))

    def _one(self, query: Select[Any]) -> LoginRow | None:
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        return LoginRow(
            id=row.id,
            account_id=row.account_id,
            kind=LoginKind(row.kind),
            expires_at=utc(row.expires_at),
            is_live=bool(row.is_live),
        )

    def revoke(self, login_ids: Sequence[str]) -> None:
        self._revoke(login.c.id.in_(login_ids))

    def revoke_all(self, account_id: str) -> None:
        self._revoke(login.c.account_id == account_id)

    def _revoke(self, which: Any) -> None:
        change = update(login).where(which, login.c.revoked_at.is_(None))
        self._connection.execute(change.values(revoked_at=now_s()))

    def add_refresh(self, digest: str, login_id: str) -> None:
        row = insert(refresh_token).values(digest=digest, login_id=login_id, created_at=now_s())
        self._connection.execute(row)

    def use_refresh(self, digest: str) -> tuple[str, bool] | None:
        # Of two who come at once one waits here and then finds it used.
        first = self._connection.execute(
            update(refresh_token)
            .where(refresh_token.c.digest == digest, refresh_token.c.used_at.is_(None))
            .values(used_at=now_s())
            .returning(refresh_token.c.login_id)
        ).one_or_none()
        if first is not None:
            return first.login_id, True
        query = select(refresh_token.c.login_id).where(refresh_token.c.digest == digest)
        again = self._connection.execute(query).one_or_none()
        return None if again is None else (again.login_id, False)

    def add_ticket(self, digest: str, account_id: str, *, life_s: float) -> None:
        row = {"digest": digest, "account_id": account_id, "expires_at": now_s() + life_s}
        self._connection.execute(insert(login_ticket).values(row))

    def use_ticket(self, digest: str) -> str | None:
        taken = self._connection.execute(
            delete(login_ticket)
            .where(login_ticket.c.digest == digest, login_ticket.c.expires_at > now_s())
            .returning(login_ticket.c.account_id)
        ).one_or_none()
        return None if taken is None else taken.account_id

    def trim(self, *, kept_s: float) -> int:
        n_gone = 0
        for table in (login, login_ticket):
            gone = delete(table).where(table.c.expires_at < now_s() - kept_s)
            n_gone += self._connection.execute(gone).rowcount
        return n_gone


def _all() -> Select[Any]:
    return select(login, _IS_LIVE.label("is_live"))
