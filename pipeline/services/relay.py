"""The relay: the only publisher. Rings in the outbox become messages, at least once."""

from pipeline.broker.port import Doorbell, Ring
from pipeline.database.port import Database


def relay_once(db: Database, broker: Doorbell, *, limit: int = 500) -> int:
    """Publish due rings and delete those the broker confirmed; return how many.

    Several relays may run: rows one has in hand are hidden from the others. A crash between
    confirm and commit rings twice, which is harmless.

    Raises:
        BrokerUnavailable: nothing was deleted; all of them will be published again.
    """
    with db.write() as tx:
        due = tx.outbox.due(limit)
        if due:
            broker.ring([Ring(row.queue, row.task_id) for row in due])
            tx.outbox.delete([row.id for row in due])
    return len(due)
