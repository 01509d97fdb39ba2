"""API keys as rows."""

from typing import Any

from sqlalchemy import Connection, Select, and_, delete, insert, or_, select, update

from pipeline.database.accounts import KeyRow, NewKey
from pipeline.database.sql.access_tables import api_key
from pipeline.database.sql.columns import now_s, utc, utc_or_none
from schemas.identity import Scope

_IS_LIVE = and_(
    api_key.c.revoked_at.is_(None),
    or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > now_s()),
)


def _row(row: Any) -> KeyRow:
    return KeyRow(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        prefix=row.prefix,
        digest=row.digest,
        scopes=None if row.scopes is None else tuple(Scope(scope) for scope in row.scopes),
        created_at=utc(row.created_at),
        expires_at=utc_or_none(row.expires_at),
        last_used_at=utc_or_none(row.last_used_at),
        revoked_at=utc_or_none(row.revoked_at),
        is_live=bool(row.is_live),
    )


class SqlApiKeys:
    """See ``database.accounts.KeyRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: NewKey, *, life_s: float | None) -> None:
        self._connection.execute(
            insert(api_key).values(
                id=row.id,
                account_id=row.account_id,
                name=row.name,
                prefix=row.prefix,
                digest=row.digest,
                scopes=None if row.scopes is None else [scope.value for scope in row.scopes],
                created_at=now_s(),
                expires_at=None if life_s is None else now_s() + life_s,
            )
        )

    def get(self, key_id: str) -> KeyRow | None:
        return self._one(_all().where(api_key.c.id == key_id))

    def begins(self, prefix: str) -> KeyRow | None:
        return self._one(_all().where(api_key.c.prefix == prefix))

    def _one(self, query: Select[Any]) -> KeyRow | None:
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _row(row)

    def of(self, account_id: str | None) -> list[KeyRow]:
        query = _all().order_by(api_key.c.created_at.desc(), api_key.c.id.desc())
        if account_id is not None:
            query = query.where(api_key.c.account_id == account_id)
        return [_row(row) for row in self._connection.execute(query)]

    def use(self, key_id: str, *, at_most_every_s: float) -> None:
        noted = api_key.c.last_used_at
        self._connection.execute(
            update(api_key)
            .where(api_key.c.id == key_id)
            .where(or_(noted.is_(None), noted < now_s() - at_most_every_s))
            .values(last_used_at=now_s())
        )

    def revoke(self, key_id: str) -> None:
        self._connection.execute(
            update(api_key)
            .where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
            .values(revoked_at=now_s())
        )

    def delete_named(self, account_id: str, name: str) -> None:
        self._connection.execute(
            delete(api_key).where(api_key.c.account_id == account_id, api_key.c.name == name)
        )


def _all() -> Select[Any]:
    return select(api_key, _IS_LIVE.label("is_live"))
