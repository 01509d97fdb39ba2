"""Reads rows of webhooks and deliveries."""

from typing import Any

from sqlalchemy import ColumnElement, Row, literal_column

from pipeline.database.sql.columns import now_s, utc, utc_or_none
from pipeline.database.sql.webhook_tables import delivery, webhook
from pipeline.database.webhooks import DeliveryRow, WebhookRow
from schemas.webhooks import DeliveryState, DisabledReason

#: What is read of a webhook: its columns, and how long it has failed by the database's clock.
WEBHOOK: tuple[Any, ...] = (
    *webhook.c,
    (now_s() - webhook.c.failing_since).label("failing_s"),
)
DELIVERY: tuple[Any, ...] = (*delivery.c, (now_s() - delivery.c.begun_at).label("age_s"))

#: Spelt out, not bound: only so do the engines know that the index of what is pending will do.
IS_PENDING: ColumnElement[bool] = delivery.c.state == literal_column(f"'{DeliveryState.PENDING}'")


def webhook_row(row: Row[Any]) -> WebhookRow:
    """Read a row of ``WEBHOOK``."""
    return WebhookRow(
        id=row.id,
        account=row.account,
        is_system_wide=row.is_system_wide,
        url=row.url,
        events=tuple(row.events),
        description=row.description,
        is_enabled=row.is_enabled,
        secret=row.secret,
        from_number=row.from_number,
        previous_secret=row.previous_secret,
        previous_until=utc_or_none(row.previous_until),
        disabled_reason=DisabledReason(row.disabled_reason) if row.disabled_reason else None,
        disabled_at=utc_or_none(row.disabled_at),
        failing_since=utc_or_none(row.failing_since),
        failing_s=row.failing_s or 0.0,
        n_failed_in_row=row.n_failed_in_row,
        n_delivered=row.n_delivered,
        n_failed=row.n_failed,
        created_at=utc(row.created_at),
    )


def delivery_row(row: Row[Any]) -> DeliveryRow:
    """Read a row of ``DELIVERY``."""
    return DeliveryRow(
        id=row.id,
        webhook_id=row.webhook_id,
        sequence=row.sequence,
        type=row.type,
        event_id=row.event_id,
        asset_id=row.asset_id,
        job_id=row.job_id,
        body=row.body,
        state=DeliveryState(row.state),
        attempt=row.attempt,
        age_s=row.age_s,
        attempts=tuple(row.attempts),
        created_at=utc(row.created_at),
        next_at=utc(row.next_at),
        ended_at=utc_or_none(row.ended_at),
    )
