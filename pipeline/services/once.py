"""A request with a key of its sender's is carried out once, however often it comes.

Its row is there before its work begins. The transaction that makes something notes in the row
what it made (``made`` and ``note``), so that a try after a crash finds it instead of making
a second one; the answer is kept after it. What came to nothing is forgotten: the same key may
ask again, corrected.
"""

from dataclasses import dataclass

from pydantic import BaseModel

from pipeline.core import sealing
from pipeline.core.errors import Conflict, KeyReused
from pipeline.database.port import Database, Transaction
from pipeline.database.promises import NewPromise, PromiseRow
from pipeline.services.ids import new_id

#: How long an answer is kept.
LIFE_S = 86_400.0
#: How long a try that is not heard of counts as being worked on.
HOLD_S = 10.0
_BATCH = 1000


@dataclass(frozen=True)
class Claim:
    """The right to carry a request out."""

    id: str
    epoch: int
    key: str


class Kept(BaseModel):
    """An answer as it was given."""

    status: int
    headers: dict[str, str]
    body: str


def claim(db: Database, *, account: str, key: str, fingerprint: str) -> Claim | Kept:
    """Begin a request, or give the answer it had.

    Raises:
        KeyReused: the key came with another request before.
        Conflict: ``idempotency.in_flight``, it is being worked on.
    """
    new = NewPromise(
        id=new_id(), account=account, key_sha256=sealing.digest(key), fingerprint=fingerprint
    )
    with db.write() as tx:
        if tx.promises.add(new, hold_s=HOLD_S):
            return Claim(new.id, 1, key)
        row = tx.promises.get(account, new.key_sha256)
        if row is None:
            # Forgotten in between, which is what came to nothing; its sender is here again.
            raise _in_flight()
        return _again(tx, row, key, fingerprint)


def _again(tx: Transaction, row: PromiseRow, key: str, fingerprint: str) -> Claim | Kept:
    if row.fingerprint != fingerprint:
        raise KeyReused("this Idempotency-Key came with another request")
    if row.status is not None and row.answer is not None:
        return Kept.model_validate_json(sealing.open_(key, row.id, row.answer))
    if row.is_held:
        raise _in_flight()
    return Claim(row.id, tx.promises.hold(row.id, hold_s=HOLD_S), key)


def _in_flight() -> Conflict:
    return Conflict(
        "a request with this Idempotency-Key is being worked on",
        code="idempotency.in_flight",
        remedy="Wait for its answer, or ask again in a few seconds.",
    )


def keep(db: Database, claim: Claim) -> None:
    """Tell that the work goes on."""
    with db.write() as tx:
        tx.promises.renew(claim.id, claim.epoch, hold_s=HOLD_S)


def settle(db: Database, claim: Claim, answer: Kept) -> None:
    """Keep the answer for whoever asks again."""
    sealed = sealing.seal(claim.key, claim.id, answer.model_dump_json().encode())
    with db.write() as tx:
        tx.promises.settle(claim.id, answer.status, sealed)


def give_up(db: Database, claim: Claim, *, is_refused: bool) -> None:
    """End a try that made nothing, or (unless it was refused) one of which that is not known."""
    with db.write() as tx:
        if is_refused:
            tx.promises.drop(claim.id, claim.epoch)
        tx.promises.release(claim.id, claim.epoch)


def made(tx: Transaction, claim: Claim | None) -> str | None:
    """Tell what an earlier try of this request made; the row is held until the end."""
    return None if claim is None else tx.promises.made(claim.id)


def note(tx: Transaction, claim: Claim | None, made: str) -> None:
    """Note what this transaction makes."""
    if claim is not None:
        tx.promises.make(claim.id, made)


def trim(db: Database) -> int:
    """Forget what is older than answers are kept; return how many went."""
    n_trimmed = n_last = _trim_batch(db)
    while n_last == _BATCH:
        n_last = _trim_batch(db)
        n_trimmed += n_last
    return n_trimmed


def _trim_batch(db: Database) -> int:
    with db.write() as tx:
        return tx.promises.trim(LIFE_S, _BATCH)
