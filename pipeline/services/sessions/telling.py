"""What watchers are told of a broadcast."""

from pipeline.database.port import Transaction
from pipeline.database.streams import SessionRow
from schemas.events import EventType


def tell(tx: Transaction, type_: EventType, session: SessionRow, **data: str) -> None:
    """Record that something happened to a broadcast."""
    tx.emit(
        type_,
        asset_id=session.asset_id,
        job_id=session.job_id,
        # Said outright: its asset may have been deleted meanwhile.
        account=session.account,
        data={"stream_id": session.stream_id, "session_id": session.id, **data},
    )
