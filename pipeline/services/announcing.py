"""From events to deliveries: each event once for each webhook that wants it.

One cursor for all webhooks moves in the transaction that writes the deliveries, so nothing is
lost and nothing doubled, whoever dies. The events are read before the webhooks: a webhook made
in between is told of none of them, one made before of all it may want.
"""

from collections.abc import Iterable, Sequence

from pipeline.core import webhooks
from pipeline.database.port import Database, Transaction
from pipeline.database.webhooks import FreshEvent, NewDelivery, WebhookRow
from pipeline.services.ids import new_id
from pipeline.services.watching import number_events
from schemas.events import EventType
from schemas.webhooks import DeliveryId, WebhookPayload

#: Events looked at in one transaction.
BATCH = 200


def announce(db: Database, *, limit: int = BATCH) -> int:
    """Write deliveries for events not yet told of; return how many events were looked at.

    Several processes may do it: one at a time.
    """
    with db.read() as tx:
        if not tx.webhooks.has_enabled():
            return 0
    number_events(db)
    with db.read() as tx:
        if not tx.webhooks.lag():
            return 0
    with db.write() as tx:
        told = max(tx.webhooks.hold_cursor(), _nobodys(tx))
        fresh = tx.webhooks.fresh(told, limit)
        for webhook in tx.webhooks.enabled():
            _tell(tx, webhook, fresh)
        if fresh:
            tx.webhooks.move_cursor(fresh[-1].event.id)
    return len(fresh)


def _nobodys(tx: Transaction) -> int:
    """Tell up to which number no webhook wants events: those of before the oldest was made.

    Holds for one that is made meanwhile too, whose number is higher.
    """
    return min((webhook.from_number for webhook in tx.webhooks.enabled()), default=0)


def _tell(tx: Transaction, webhook: WebhookRow, fresh: Sequence[FreshEvent]) -> None:
    wanted = [one for one in fresh if _is_wanted(webhook, one)]
    if wanted:
        first = tx.webhooks.count_up(webhook.id, len(wanted))
        tx.deliveries.add(list(_deliveries(webhook, wanted, first)))


def _is_wanted(webhook: WebhookRow, fresh: FreshEvent) -> bool:
    is_theirs = webhook.is_system_wide or webhook.account == fresh.account
    is_new = fresh.event.id > webhook.from_number
    return is_theirs and is_new and webhooks.wants(webhook.events, fresh.event.type)


def _deliveries(
    webhook: WebhookRow, wanted: Iterable[FreshEvent], first: int
) -> Iterable[NewDelivery]:
    for sequence, fresh in enumerate(wanted, start=first):
        delivery_id, event = DeliveryId(new_id()), fresh.event
        payload = WebhookPayload(
            delivery_id=delivery_id,
            webhook_id=webhook.id,
            sequence=sequence,
            type=event.type,
            timestamp=event.at,
            event_id=event.id,
            asset_id=event.asset_id,
            job_id=event.job_id,
            task_id=event.task_id,
            data=_data(fresh),
            asset_metadata=_of_asset(fresh),
            job_metadata=fresh.job_metadata,
        )
        yield NewDelivery(
            id=delivery_id,
            webhook_id=webhook.id,
            sequence=sequence,
            type=event.type,
            event_id=event.id,
            asset_id=event.asset_id,
            job_id=event.job_id,
            body=webhooks.body(payload),
        )


def _of_asset(fresh: FreshEvent) -> dict[str, str]:
    # What is deleted took its row along, so the event brings what must be known.
    if fresh.event.type is EventType.ASSET_DELETED:
        return dict(fresh.event.data.get("metadata", {}))
    return fresh.asset_metadata


def _data(fresh: FreshEvent) -> dict[str, object]:
    if fresh.event.type is EventType.ASSET_DELETED:
        return {name: value for name, value in fresh.event.data.items() if name != "metadata"}
    return fresh.event.data
