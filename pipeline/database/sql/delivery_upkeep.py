"""Deliveries as rows: what became old, and what waits."""

from sqlalchemy import Connection, case, delete, func, select, update

from pipeline.database.sql.columns import now_s
from pipeline.database.sql.webhook_rows import IS_PENDING
from pipeline.database.sql.webhook_tables import delivery, webhook
from schemas.webhooks import DeliveryState, WebhookId


class SqlDeliveryUpkeep:
    """See ``webhooks.DeliveryRows``: what concerns many deliveries at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def overdue(self, older_than_s: float) -> list[WebhookId]:
        old = delivery.c.begun_at < now_s() - older_than_s
        query = select(delivery.c.webhook_id).where(IS_PENDING, old).distinct()
        return [row.webhook_id for row in self._connection.execute(query)]

    def give_up(self, webhook_id: WebhookId, older_than_s: float, limit: int) -> int:
        _hold(self._connection, webhook_id)
        old = select(delivery.c.id).where(
            delivery.c.webhook_id == webhook_id,
            IS_PENDING,
            delivery.c.begun_at < now_s() - older_than_s,
        )
        gone = self._connection.execute(
            update(delivery)
            .where(delivery.c.id.in_(old.limit(limit)))
            .values(state=DeliveryState.FAILED.value, ended_at=now_s())
        )
        self._connection.execute(
            update(webhook)
            .where(webhook.c.id == webhook_id)
            .values(n_failed=webhook.c.n_failed + gone.rowcount)
        )
        return gone.rowcount

    def trim(self, older_than_s: float, limit: int) -> int:
        old = select(delivery.c.id).where(
            delivery.c.created_at < now_s() - older_than_s, ~IS_PENDING
        )
        old = old.order_by(delivery.c.created_at).limit(limit)
        gone = self._connection.execute(delete(delivery).where(delivery.c.id.in_(old)))
        return gone.rowcount

    def waiting(self) -> tuple[int, float]:
        # What a failing receiver makes late is no lateness of ours.
        answering = case((webhook.c.failing_since.is_(None), delivery.c.next_at))
        query = (
            select(func.count(), now_s() - func.min(answering))
            .join(webhook, webhook.c.id == delivery.c.webhook_id)
            .where(IS_PENDING, webhook.c.is_enabled)
        )
        count, late_s = self._connection.execute(query).one()
        return int(count), max(0.0, late_s or 0.0)


def _hold(connection: Connection, webhook_id: WebhookId) -> None:
    """Lock the webhook first, as everybody does."""
    connection.execute(select(webhook.c.id).where(webhook.c.id == webhook_id).with_for_update())
