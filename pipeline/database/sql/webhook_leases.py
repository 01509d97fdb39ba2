"""Webhooks as rows: which may be sent to, by whom, and how it went."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, update

from pipeline.database.sql.columns import now_s
from pipeline.database.sql.webhook_rows import IS_PENDING, WEBHOOK, webhook_row
from pipeline.database.sql.webhook_tables import delivery, webhook
from pipeline.database.webhooks import DueWebhook, Lease
from schemas.webhooks import WebhookId


def _is_free() -> ColumnElement[bool]:
    return and_(
        webhook.c.is_enabled, webhook.c.rest_until <= now_s(), webhook.c.lease_until <= now_s()
    )


class SqlWebhookLeases:
    """See ``webhooks.WebhookRows``: what concerns sending."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def due(self, limit: int) -> list[DueWebhook]:
        first_due = (
            select(func.min(delivery.c.next_at))
            .where(delivery.c.webhook_id == webhook.c.id, IS_PENDING)
            .scalar_subquery()
        )
        rows = self._connection.execute(
            select(webhook.c.id, webhook.c.account, webhook.c.url)
            .where(_is_free(), first_due <= now_s())
            .order_by(first_due)
            .limit(limit)
        )
        return [DueWebhook(row.id, row.account, row.url) for row in rows]

    def next_due_s(self) -> float | None:
        # Per webhook the index gives its first at once, however much waits for it.
        first_due = (
            select(func.min(delivery.c.next_at))
            .where(delivery.c.webhook_id == webhook.c.id, IS_PENDING)
            .scalar_subquery()
        )
        pause_until = _later(webhook.c.rest_until, webhook.c.lease_until)
        may_begin = select(_later(first_due, pause_until).label("at")).where(
            webhook.c.is_enabled, first_due.is_not(None)
        )
        earliest = func.min(may_begin.subquery().c.at)
        wait_s: float | None = self._connection.execute(select(earliest - now_s())).scalar_one()
        return None if wait_s is None else max(0.0, wait_s)

    def lease(self, webhook_id: WebhookId, lease_s: float) -> Lease | None:
        row = self._connection.execute(
            update(webhook)
            .where(webhook.c.id == webhook_id, _is_free())
            .values(epoch=webhook.c.epoch + 1, lease_until=now_s() + lease_s)
            .returning(*WEBHOOK)
        ).one_or_none()
        return None if row is None else Lease(webhook_row(row), row.epoch)

    def renew(self, held: Lease, lease_s: float) -> Lease | None:
        row = self._connection.execute(
            update(webhook)
            .where(webhook.c.id == held.webhook.id, webhook.c.epoch == held.epoch)
            .values(lease_until=now_s() + lease_s)
            .returning(*WEBHOOK)
        ).one_or_none()
        return None if row is None else Lease(webhook_row(row), row.epoch)

    def release(self, held: Lease) -> None:
        self._connection.execute(
            update(webhook)
            .where(webhook.c.id == held.webhook.id, webhook.c.epoch == held.epoch)
            .values(lease_until=0.0)
        )

    def release_all(self) -> None:
        held = webhook.c.lease_until > 0
        # A new epoch: should one of them live after all, it writes nothing.
        freed = {"lease_until": 0.0, "epoch": webhook.c.epoch + 1}
        self._connection.execute(update(webhook).where(held).values(freed))

    def wake(self, webhook_id: WebhookId) -> None:
        self._set(webhook_id, rest_until=0.0)

    def note_success(self, webhook_id: WebhookId) -> None:
        self._set(
            webhook_id,
            n_delivered=webhook.c.n_delivered + 1,
            failing_since=None,
            n_failed_in_row=0,
        )

    def note_failure(self, webhook_id: WebhookId, *, rest_s: float, is_given_up: bool) -> None:
        self._set(
            webhook_id,
            failing_since=func.coalesce(webhook.c.failing_since, now_s()),
            n_failed_in_row=webhook.c.n_failed_in_row + 1,
            rest_until=now_s() + rest_s,
            n_failed=webhook.c.n_failed + int(is_given_up),
        )

    def count_up(self, webhook_id: WebhookId, n: int) -> int:
        last: int = self._connection.execute(
            update(webhook)
            .where(webhook.c.id == webhook_id)
            .values(last_sequence=webhook.c.last_sequence + n)
            .returning(webhook.c.last_sequence)
        ).scalar_one()
        return last - n + 1

    def totals(self) -> tuple[int, int]:
        query = select(
            func.coalesce(func.sum(webhook.c.n_delivered), 0),
            func.coalesce(func.sum(webhook.c.n_failed), 0),
        )
        delivered, failed = self._connection.execute(query).one()
        return int(delivered), int(failed)

    def _set(self, webhook_id: WebhookId, **values: Any) -> None:
        self._connection.execute(update(webhook).where(webhook.c.id == webhook_id).values(**values))


def _later(one: ColumnElement[float], other: ColumnElement[float]) -> ColumnElement[float]:
    # The function for it has another name on either engine.
    return case((one > other, one), else_=other)
