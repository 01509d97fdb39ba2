"""Deliveries as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, insert, select, update

from pipeline.database.sql.columns import now_s
from pipeline.database.sql.delivery_upkeep import SqlDeliveryUpkeep
from pipeline.database.sql.webhook_rows import DELIVERY, IS_PENDING, delivery_row
from pipeline.database.sql.webhook_tables import delivery
from pipeline.database.webhooks import DeliveryFilter, DeliveryRow, NewDelivery
from schemas.webhooks import DeliveryId, DeliveryState, WebhookId


class SqlDeliveries(SqlDeliveryUpkeep):
    """See ``webhooks.DeliveryRows``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._connection = connection

    def add(self, rows: Sequence[NewDelivery]) -> None:
        if not rows:
            return
        fresh = insert(delivery).values(
            state=DeliveryState.PENDING.value,
            attempt=0,
            attempts=[],
            created_at=now_s(),
            begun_at=now_s(),
            next_at=now_s(),
        )
        self._connection.execute(
            fresh,
            [
                {
                    "id": row.id,
                    "webhook_id": row.webhook_id,
                    "sequence": row.sequence,
                    "type": row.type,
                    "event_id": row.event_id,
                    "asset_id": row.asset_id,
                    "job_id": row.job_id,
                    "body": row.body,
                }
                for row in rows
            ],
        )

    def get(self, webhook_id: WebhookId, delivery_id: DeliveryId) -> DeliveryRow | None:
        query = select(*DELIVERY).where(
            delivery.c.id == delivery_id, delivery.c.webhook_id == webhook_id
        )
        row = self._connection.execute(query).one_or_none()
        return None if row is None else delivery_row(row)

    def page(
        self,
        webhook_id: WebhookId,
        after: int | None,
        limit: int,
        wanted: DeliveryFilter,
    ) -> list[DeliveryRow]:
        query = select(*DELIVERY).where(delivery.c.webhook_id == webhook_id)
        if after is not None:
            query = query.where(delivery.c.sequence < after)
        for name, value in asdict(wanted).items():
            if value is not None:
                query = query.where(delivery.c[name] == str(value))
        newest = query.order_by(delivery.c.sequence.desc()).limit(limit)
        return [delivery_row(row) for row in self._connection.execute(newest)]

    def take(self, webhook_id: WebhookId) -> DeliveryRow | None:
        first = (
            select(delivery.c.id)
            .where(delivery.c.webhook_id == webhook_id, IS_PENDING, delivery.c.next_at <= now_s())
            .order_by(delivery.c.sequence)
            .limit(1)
            .scalar_subquery()
        )
        row = self._connection.execute(
            update(delivery)
            .where(delivery.c.id == first)
            .values(attempt=delivery.c.attempt + 1)
            .returning(*DELIVERY)
        ).one_or_none()
        return None if row is None else delivery_row(row)

    def settle(
        self,
        delivery_id: DeliveryId,
        attempts: Sequence[Mapping[str, Any]],
        state: DeliveryState,
        *,
        retry_in_s: float,
    ) -> None:
        is_pending = state is DeliveryState.PENDING
        self._connection.execute(
            update(delivery)
            .where(delivery.c.id == delivery_id)
            .values(
                attempts=list(attempts),
                state=state.value,
                next_at=now_s() + retry_in_s,
                ended_at=None if is_pending else now_s(),
            )
        )

    def ask_again(self, delivery_id: DeliveryId) -> None:
        self._connection.execute(
            update(delivery)
            .where(delivery.c.id == delivery_id)
            .values(
                state=DeliveryState.PENDING.value,
                attempt=0,
                begun_at=now_s(),
                next_at=now_s(),
                ended_at=None,
            )
        )

    def hasten(self, webhook_id: WebhookId) -> None:
        self._connection.execute(
            update(delivery)
            .where(delivery.c.webhook_id == webhook_id, IS_PENDING, delivery.c.next_at > now_s())
            .values(next_at=now_s())
        )
