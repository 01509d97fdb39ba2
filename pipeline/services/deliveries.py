"""Deliveries: the log of a webhook, asked for again, forgotten."""

from datetime import UTC, datetime

from pipeline.core import webhooks as rules
from pipeline.core.errors import Conflict, NotFound
from pipeline.database.port import Database, Transaction
from pipeline.database.webhooks import DeliveryFilter, DeliveryRow, NewDelivery
from pipeline.services import cursors, once, webhooks
from pipeline.services.ids import new_id
from pipeline.services.once import Claim
from schemas.webhooks import (
    PING,
    AttemptView,
    DeliveryId,
    DeliveryPage,
    DeliveryState,
    DeliveryView,
    WebhookId,
    WebhookPayload,
)

#: Beyond its last attempt nothing waits for long; this finds what a disabled webhook left.
_OVERDUE_S = rules.GIVE_UP_AFTER_S + 3600.0
_TRIM_BATCH = 1000
#: More than any webhook is sent, and within what both databases count to.
_MOST = 2.0**53
_ANY = DeliveryFilter()


def page(
    db: Database,
    webhook_id: WebhookId,
    *,
    cursor: str | None,
    limit: int,
    wanted: DeliveryFilter = _ANY,
    owner: str | None = None,
) -> DeliveryPage:
    """List a webhook's deliveries, newest first.

    Raises:
        NotFound: there is no such webhook of the owner's.
    """
    after = cursors.decode(cursor, wanted)
    with db.read() as tx:
        webhooks.need(tx, webhook_id, owner=owner)
        rows = tx.deliveries.page(
            webhook_id,
            None if after is None else _sequence(after[0]),
            limit + 1,
            wanted,
        )
    items = tuple(_view(row, is_detailed=False) for row in rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    following = cursors.encode((float(last.sequence), last.id), wanted) if last else None
    return DeliveryPage(items=items, next=following)


def _sequence(shown: float) -> int:
    # Whoever writes a cursor of their own may write any number; no column holds them all.
    return int(max(0.0, min(shown, _MOST)))


def show(
    db: Database, webhook_id: WebhookId, delivery_id: DeliveryId, *, owner: str | None = None
) -> DeliveryView:
    """Show a delivery with its body and its attempts.

    Raises:
        NotFound: there is none such of the owner's.
    """
    with db.read() as tx:
        return _view(_need(tx, webhook_id, delivery_id, owner=owner), is_detailed=True)


def redeliver(
    db: Database,
    webhook_id: WebhookId,
    delivery_id: DeliveryId,
    *,
    owner: str | None = None,
    claim: Claim | None = None,
) -> DeliveryView:
    """Have a delivery sent again, with the same id and body, and tried for another day.

    Raises:
        NotFound: there is none such of the owner's.
        Conflict: ``webhook.disabled``.
    """
    with db.write() as tx:
        _need_enabled(tx, webhook_id, owner=owner)
        found = _need(tx, webhook_id, delivery_id, owner=owner)
        if once.made(tx, claim) is None:
            tx.deliveries.ask_again(found.id)
            tx.webhooks.wake(webhook_id)
            once.note(tx, claim, found.id)
    return show(db, webhook_id, delivery_id)


def ping(
    db: Database,
    webhook_id: WebhookId,
    *,
    owner: str | None = None,
    claim: Claim | None = None,
) -> DeliveryView:
    """Have something sent that tells of nothing, to see whether it arrives.

    Raises:
        NotFound: there is no such webhook of the owner's.
        Conflict: ``webhook.disabled``.
    """
    delivery_id = DeliveryId(new_id())
    with db.write() as tx:
        _need_enabled(tx, webhook_id, owner=owner)
        before = once.made(tx, claim)
        if before is not None:
            return _view(_need(tx, webhook_id, DeliveryId(before), owner=owner), is_detailed=True)
        sequence = tx.webhooks.count_up(webhook_id, 1)
        payload = WebhookPayload(
            delivery_id=delivery_id,
            webhook_id=webhook_id,
            sequence=sequence,
            type=PING,
            timestamp=datetime.fromtimestamp(tx.jobs.now(), UTC),
        )
        tx.deliveries.add([_new(payload)])
        tx.webhooks.wake(webhook_id)
        once.note(tx, claim, delivery_id)
    return show(db, webhook_id, delivery_id)


def _new(payload: WebhookPayload) -> NewDelivery:
    return NewDelivery(
        id=payload.delivery_id,
        webhook_id=payload.webhook_id,
        sequence=payload.sequence,
        type=payload.type,
        event_id=payload.event_id,
        asset_id=payload.asset_id,
        job_id=payload.job_id,
        body=rules.body(payload),
    )


def trim(db: Database, *, retention_s: float) -> int:
    """Give up what waited for too long and forget what ended long ago; return how many."""
    with db.read() as tx:
        overdue = tx.deliveries.overdue(_OVERDUE_S)
    n_done = 0
    for webhook_id in overdue:
        with db.write() as tx:
            n_done += tx.deliveries.give_up(webhook_id, _OVERDUE_S, _TRIM_BATCH)
    with db.write() as tx:
        return n_done + tx.deliveries.trim(retention_s, _TRIM_BATCH)


def _need(
    tx: Transaction, webhook_id: WebhookId, delivery_id: DeliveryId, *, owner: str | None
) -> DeliveryRow:
    webhooks.need(tx, webhook_id, owner=owner)
    row = tx.deliveries.get(webhook_id, delivery_id) if delivery_id.isalnum() else None
    if row is None:
        raise NotFound(f"there is no delivery {delivery_id}", code="delivery.not_found")
    return row


def _need_enabled(tx: Transaction, webhook_id: WebhookId, *, owner: str | None) -> None:
    if not webhooks.need(tx, webhook_id, owner=owner).is_enabled:
        raise Conflict(f"webhook {webhook_id} is disabled", code="webhook.disabled")


def _view(row: DeliveryRow, *, is_detailed: bool) -> DeliveryView:
    return DeliveryView(
        id=row.id,
        webhook_id=row.webhook_id,
        type=row.type,
        event_id=row.event_id,
        sequence=row.sequence,
        asset_id=row.asset_id,
        job_id=row.job_id,
        state=row.state,
        n_attempts=len(row.attempts),
        created_at=row.created_at,
        next_at=row.next_at if row.state is DeliveryState.PENDING else None,
        ended_at=row.ended_at,
        attempts=tuple(AttemptView.model_validate(one) for one in row.attempts),
        payload=row.body if is_detailed else None,
    )
