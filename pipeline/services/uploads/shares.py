"""How much of everything an account may have: what it was given, or else what all have."""

from pipeline.core.upload_errors import QuotaExceeded
from pipeline.database.port import Database, Transaction
from pipeline.database.uploads import Share
from pipeline.services import accounts, once
from pipeline.services.once import Claim
from schemas.access import Quotas

_MINUTE_S = 60.0


def require_share(
    tx: Transaction, account: str, general: Quotas, need_bytes: int, *, is_upload: bool
) -> int | None:
    """Let go on what an account may still have.

    Args:
        need_bytes: how much it is, 0 where nobody knows.
        is_upload: whether it is one more unfinished upload.

    Returns how many bytes are left to the account before these; None: as many as there are.

    Raises:
        QuotaExceeded: it has had its share.
    """
    quotas = _joined(accounts.quotas(tx, account), general)
    share = tx.uploads.share(account)
    if is_upload:
        _require_upload(share, quotas.open_uploads)
    _require_bytes(share, quotas.stored_bytes, need_bytes)
    _require_minutes(share, quotas.minutes_a_day)
    return None if quotas.stored_bytes is None else quotas.stored_bytes - share.n_bytes


def require_bytes(tx: Transaction, account: str, general: Quotas, need_bytes: int) -> int | None:
    """Let go on what an account may still store, whatever else it has had; see ``require_share``.

    Raises:
        QuotaExceeded: ``quota.bytes``.
    """
    quotas = _joined(accounts.quotas(tx, account), general)
    share = tx.uploads.share(account)
    _require_bytes(share, quotas.stored_bytes, need_bytes)
    return None if quotas.stored_bytes is None else quotas.stored_bytes - share.n_bytes


def limit_of(
    db: Database,
    account: str,
    general: Quotas,
    need_bytes: int,
    *,
    limit_bytes: int,
    claim: Claim | None,
) -> int:
    """Tell how large a file may be that comes by one request; what it made before is no more.

    Raises:
        QuotaExceeded: the account has had its share.
    """
    with db.write() as tx:
        if once.made(tx, claim) is not None:
            return limit_bytes
        left_bytes = require_share(tx, account, general, need_bytes, is_upload=False)
    return limit_bytes if left_bytes is None else min(limit_bytes, left_bytes)


def _joined(own: Quotas, general: Quotas) -> Quotas:
    return general.model_copy(update=own.model_dump(exclude_none=True))


def _require_upload(share: Share, most: int | None) -> None:
    if most is not None and share.n_uploads >= most:
        raise QuotaExceeded(f"{share.n_uploads} uploads are unfinished, as many as allowed.")


def _require_bytes(share: Share, most: int | None, need_bytes: int) -> None:
    if most is not None and share.n_bytes + need_bytes > most:
        raise QuotaExceeded(
            f"{share.n_bytes} of {most} bytes are used, {need_bytes} more are asked for.",
            code="quota.bytes",
        )


def _require_minutes(share: Share, most: int | None) -> None:
    if most is not None and share.duration_s >= most * _MINUTE_S:
        raise QuotaExceeded(
            f"{most} minutes of media have been handed in within a day.",
            code="quota.minutes",
            remedy="Try again tomorrow, or ask the operator for more.",
        )
