"""Webhooks as rows, and the cursor that says of which events was told."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from pipeline.database.sql.access_tables import account
from pipeline.database.sql.columns import now_s, utc
from pipeline.database.sql.tables import asset, event, event_number, job
from pipeline.database.sql.webhook_leases import SqlWebhookLeases
from pipeline.database.sql.webhook_rows import WEBHOOK, webhook_row
from pipeline.database.sql.webhook_tables import webhook, webhook_cursor
from pipeline.database.webhooks import FreshEvent, NewWebhook, WebhookRow
from schemas.events import Event, EventType
from schemas.identity import Role
from schemas.webhooks import DisabledReason, WebhookId

_SEE_ALL = (Role.OPERATOR.value, Role.ADMIN.value)
_FRESH = (
    select(event, asset.c.metadata.label("of_asset"), job.c.metadata.label("of_job"))
    .join(asset, asset.c.id == event.c.asset_id, isouter=True)
    .join(job, job.c.id == event.c.job_id, isouter=True)
    .order_by(event.c.number)
)


def _may_hear() -> ColumnElement[bool]:
    """Ask of the account as it is now; one we do not keep is another issuer's."""
    is_other = account.c.id.is_(None)
    sees_all = or_(is_other, account.c.role.in_(_SEE_ALL), not_(webhook.c.is_system_wide))
    return and_(or_(is_other, not_(account.c.is_disabled)), sees_all)


class SqlWebhooks(SqlWebhookLeases):
    """See ``webhooks.WebhookRows``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._connection = connection

    def add(self, row: NewWebhook) -> None:
        self._connection.execute(
            insert(webhook).values(
                id=row.id,
                account=row.account,
                is_system_wide=row.is_system_wide,
                url=row.url,
                events=list(row.events),
                description=row.description,
                is_enabled=row.is_enabled,
                disabled_reason=None if row.is_enabled else DisabledReason.ASKED.value,
                secret=row.secret,
                from_number=row.from_number,
                last_sequence=0,
                n_failed_in_row=0,
                n_delivered=0,
                n_failed=0,
                rest_until=0.0,
                epoch=0,
                lease_until=0.0,
                created_at=now_s(),
            )
        )

    def get(self, webhook_id: WebhookId, owner: str | None) -> WebhookRow | None:
        query = select(*WEBHOOK).where(webhook.c.id == webhook_id)
        if owner is not None:
            query = query.where(webhook.c.account == owner)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else webhook_row(row)

    def page(
        self, after: tuple[float, str] | None, limit: int, owner: str | None
    ) -> list[tuple[float, WebhookRow]]:
        query = select(*WEBHOOK).order_by(webhook.c.created_at.desc(), webhook.c.id.desc())
        if after is not None:
            query = query.where(tuple_(webhook.c.created_at, webhook.c.id) < after)
        if owner is not None:
            query = query.where(webhook.c.account == owner)
        rows = self._connection.execute(query.limit(limit))
        return [(row.created_at, webhook_row(row)) for row in rows]

    def count_of(self, account: str) -> int:
        query = select(func.count()).where(webhook.c.account == account)
        count: int = self._connection.execute(query).scalar_one()
        return count

    def change(self, webhook_id: WebhookId, values: Mapping[str, Any]) -> None:
        if values:
            self._set(webhook_id, **values)

    def enable(self, webhook_id: WebhookId, from_number: int) -> None:
        self._set(
            webhook_id,
            is_enabled=True,
            disabled_reason=None,
            disabled_at=None,
            from_number=from_number,
            failing_since=None,
            n_failed_in_row=0,
            rest_until=0.0,
        )

    def disable(self, webhook_id: WebhookId, reason: DisabledReason) -> None:
        self._set(webhook_id, is_enabled=False, disabled_reason=reason.value, disabled_at=now_s())

    def rotate(self, webhook_id: WebhookId, secret: str, *, grace_s: float) -> None:
        self._set(
            webhook_id,
            previous_secret=webhook.c.secret,
            previous_until=now_s() + grace_s,
            secret=secret,
        )

    def delete(self, webhook_id: WebhookId) -> None:
        self._connection.execute(delete(webhook).where(webhook.c.id == webhook_id))

    def delete_of(self, account: str) -> None:
        self._connection.execute(delete(webhook).where(webhook.c.account == account))

    def has_enabled(self) -> bool:
        query = select(webhook.c.id).where(webhook.c.is_enabled).limit(1)
        return self._connection.execute(query).one_or_none() is not None

    def enabled(self) -> list[WebhookRow]:
        query = (
            select(*WEBHOOK)
            .join(account, account.c.id == webhook.c.account, isouter=True)
            .where(webhook.c.is_enabled, _may_hear())
            .order_by(webhook.c.id)
        )
        return [webhook_row(row) for row in self._connection.execute(query)]

    def hold_cursor(self) -> int:
        # The lock comes first: nobody else tells of what the next statements see.
        number: int = self._connection.execute(
            update(webhook_cursor)
            .values(number=webhook_cursor.c.number)
            .returning(webhook_cursor.c.number)
        ).scalar_one()
        return number

    def move_cursor(self, number: int) -> None:
        self._connection.execute(update(webhook_cursor).values(number=number))

    def lag(self) -> int:
        told = select(webhook_cursor.c.number).scalar_subquery()
        query = select(event_number.c.last - told)
        lag: int = self._connection.execute(query).scalar_one()
        return lag

    def fresh(self, after: int, limit: int) -> list[FreshEvent]:
        rows = self._connection.execute(_FRESH.where(event.c.number > after).limit(limit))
        return [
            FreshEvent(
                event=Event(
                    id=row.number,
                    type=EventType(row.type),
                    at=utc(row.at),
                    asset_id=row.asset_id,
                    job_id=row.job_id,
                    task_id=row.task_id,
                    data=row.data,
                ),
                account=row.account or "",
                asset_metadata=row.of_asset or {},
                job_metadata=row.of_job or {},
            )
            for row in rows
        ]
