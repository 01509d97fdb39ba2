"""Recordings that are not kept for ever: deleted when their time is over."""

from pipeline.core.errors import NotFound
from pipeline.database.port import Database
from pipeline.services import assets
from schemas.vocabulary import AssetId

_BATCH = 100


def forget_expired(db: Database, *, linger_s: float) -> int:
    """Delete what is kept no longer, as its owner would; return how much of it was there.

    Args:
        linger_s: how long it stays all the same, for those who are watching its end.
    """
    with db.read() as tx:
        expired = tx.assets.expired(linger_s, _BATCH)
    return sum(_forget(db, asset_id) for asset_id in expired)


def _forget(db: Database, asset_id: AssetId) -> bool:
    try:
        assets.delete(db, asset_id)
    except NotFound:
        # Its owner was faster.
        return False
    return True
