"""The work a broadcast is for."""

from pipeline.database.port import Transaction
from pipeline.database.rows import NewAsset
from pipeline.database.streams import StreamRow
from schemas.streams import SessionId
from schemas.vocabulary import JobId


def begin_live_work(
    tx: Transaction, stream: StreamRow, session_id: SessionId, asset: NewAsset
) -> JobId | None:
    """Make the job of a broadcast with its live task, within the transaction that opens it.

    None: no worker knows how to make pictures of a broadcast yet, and a job without a task
    would count as done. What a publisher sends is kept in the spool all the same.
    """
    del tx, stream, session_id, asset
    return None
