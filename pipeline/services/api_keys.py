"""API keys: made, listed, revoked."""

from pipeline.core.errors import Conflict, Forbidden, NotFound
from pipeline.credentials import opaque
from pipeline.credentials.opaque import ApiKey
from pipeline.database.accounts import KeyRow, NewKey
from pipeline.database.port import Database, Transaction
from pipeline.services import accounts, once
from pipeline.services.assets import LOCAL_ACCOUNT
from pipeline.services.ids import new_id
from pipeline.services.once import Claim
from schemas.access import KeyList, KeyMade, KeyRequest, KeyView
from schemas.identity import Scope

#: Of the key in the data folder, which the command line shows.
_HOUSE_KEY = "command line of this box"
#: Keys of one account that count at a time.
MAX_PER_ACCOUNT = 100


def create(
    db: Database,
    account_id: str,
    request: KeyRequest,
    *,
    within: frozenset[Scope] | None = None,
    by: str | None = None,
    claim: Claim | None = None,
) -> KeyMade:
    """Make a key; its whole is in the answer and nowhere else, ever.

    Args:
        within: scopes of the key that asks, which cannot make one that reaches further …
        by: … nor one that outlives it.

    Raises:
        NotFound: there is no such account.
        Forbidden: more is asked than the asking key has.
        Conflict: ``key.too_many``.
    """
    wished = None if request.scopes is None else frozenset(request.scopes)
    if within is not None and (wished is None or not wished <= within):
        raise Forbidden("a key cannot make one that may more than itself")
    key = opaque.new_key()
    with db.write() as tx:
        accounts.need(tx, account_id)
        _require_end(tx, by, request.expires_in_s)
        lost = once.made(tx, claim)
        if lost is not None:
            # Made by a try that died before it could answer: nobody has it.
            tx.api_keys.revoke(lost)
        _require_few(tx, account_id)
        row = _add(tx, account_id, request, key)
        once.note(tx, claim, row.id)
    return KeyMade(**view(row).model_dump(), key=key.text)


def _require_few(tx: Transaction, account_id: str) -> None:
    if sum(row.is_live for row in tx.api_keys.of(account_id)) >= MAX_PER_ACCOUNT:
        raise Conflict(
            f"the account has {MAX_PER_ACCOUNT} keys that count already",
            code="key.too_many",
            remedy="Revoke those that are not used.",
        )


def _require_end(tx: Transaction, by: str | None, life_s: float | None) -> None:
    """See that a key ends before the one it is made by, where that one does."""
    asking = None if by is None else tx.api_keys.get(by)
    if asking is None or asking.expires_at is None:
        return
    if life_s is None or tx.jobs.now() + life_s > asking.expires_at.timestamp():
        raise Forbidden("a key cannot make one that counts for longer than itself")


def house_key(db: Database, kept: str) -> str:
    """Give the key of the embedded house: the one it kept if that still counts, else a new one.

    It outlives restarts, so that a command that is watching or sending goes on over them.
    """
    shown = opaque.read_key(kept)
    with db.write() as tx:
        row = None if shown is None else tx.api_keys.begins(shown.prefix)
        is_it = row is not None and opaque.is_same(row.digest, opaque.digest(kept))
        if row is not None and is_it and row.is_live and row.name == _HOUSE_KEY:
            return kept
        tx.api_keys.delete_named(LOCAL_ACCOUNT, _HOUSE_KEY)
        key = opaque.new_key()
        _add(tx, LOCAL_ACCOUNT, KeyRequest(name=_HOUSE_KEY), key)
    return key.text


def _add(tx: Transaction, account_id: str, request: KeyRequest, key: ApiKey) -> KeyRow:
    key_id = new_id()
    scopes = None if request.scopes is None else tuple(sorted(set(request.scopes)))
    tx.api_keys.add(
        NewKey(
            id=key_id,
            account_id=account_id,
            name=request.name,
            prefix=key.prefix,
            digest=opaque.digest(key.text),
            scopes=scopes,
        ),
        life_s=request.expires_in_s,
    )
    row = tx.api_keys.get(key_id)
    if row is None:
        raise NotFound(f"there is no key {key_id}", code="key.not_found")
    return row


def listing(db: Database, account_id: str | None) -> KeyList:
    """List the keys of an account, or of all, newest first."""
    with db.read() as tx:
        return KeyList(items=tuple(view(row) for row in tx.api_keys.of(account_id)))


def revoke(db: Database, key_id: str, *, owner: str | None) -> None:
    """Let a key count no more; that is for ever, and doing it again changes nothing.

    Raises:
        NotFound: there is no such key, or it is another account's.
    """
    with db.write() as tx:
        row = tx.api_keys.get(key_id) if key_id.isalnum() else None
        if row is None or owner not in {None, row.account_id}:
            raise NotFound(f"there is no key {key_id}", code="key.not_found")
        tx.api_keys.revoke(key_id)


def view(row: KeyRow) -> KeyView:
    """Show a row."""
    return KeyView(
        id=row.id,
        account=row.account_id,
        name=row.name,
        prefix=row.prefix,
        scopes=row.scopes,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
