"""Accounts: made, shown, changed, removed."""

import unicodedata

from pipeline.core.errors import Conflict, NotFound
from pipeline.credentials import passwords
from pipeline.database.accounts import AccountRow, NewAccount
from pipeline.database.port import Database, Transaction
from pipeline.services import once
from pipeline.services.assets import LOCAL_ACCOUNT
from pipeline.services.ids import new_id
from pipeline.services.once import Claim
from schemas.access import AccountChange, AccountList, AccountRequest, AccountView, Quotas


def create(db: Database, request: AccountRequest, *, claim: Claim | None = None) -> AccountView:
    """Make an account.

    Raises:
        Conflict: the name is taken.
    """
    row = NewAccount(
        id=new_id(),
        name=request.name,
        role=request.role,
        password_hash=hash_of(request.password),
        quotas=request.quotas,
    )
    with db.write() as tx:
        before = once.made(tx, claim)
        if before is not None:
            return view(need(tx, before))
        if not tx.accounts.add(row):
            raise Conflict(
                f"there is an account {request.name} already",
                code="account.name_taken",
                remedy="Choose another name.",
            )
        once.note(tx, claim, row.id)
        return view(need(tx, row.id))


def hash_of(password: str | None) -> str | None:
    """Hash a password, if any; outside of transactions, for it takes a while."""
    return None if password is None else passwords.hashed(typed(password))


def typed(password: str) -> str:
    """Bring a password to the form it is compared in.

    Keyboards write 한 as one character or as its parts; the same keys must be the same password.
    """
    return unicodedata.normalize("NFC", password)


def listing(db: Database) -> AccountList:
    """List all accounts, by name."""
    with db.read() as tx:
        return AccountList(items=tuple(view(row) for row in tx.accounts.all()))


def show(db: Database, account_id: str) -> AccountView:
    """Show one account.

    Raises:
        NotFound: there is no such account.
    """
    with db.read() as tx:
        return view(need(tx, account_id))


def change(db: Database, account_id: str, change: AccountChange) -> AccountView:
    """Change an account; what lowers trust in it ends its logins at once.

    Raises:
        NotFound: there is no such account.
        Conflict: the built-in account stays an admin that works.
    """
    password_hash = hash_of(change.password)
    with db.write() as tx:
        need(tx, account_id)
        if account_id == LOCAL_ACCOUNT and (change.role or change.is_disabled):
            raise _built_in()
        tx.accounts.change(
            account_id,
            role=change.role,
            is_disabled=change.is_disabled,
            password_hash=password_hash,
            quotas=change.quotas,
        )
        if change.role or change.is_disabled or change.password:
            end_logins(tx, account_id)
        return view(need(tx, account_id))


def remove(db: Database, account_id: str) -> None:
    """Remove an account with keys, logins and webhooks; its media stay, for operators to see.

    Raises:
        NotFound: there is no such account.
        Conflict: it is the built-in one.
    """
    with db.write() as tx:
        need(tx, account_id)
        if account_id == LOCAL_ACCOUNT:
            raise _built_in()
        tx.webhooks.delete_of(account_id)
        tx.accounts.delete(account_id)


def end_logins(tx: Transaction, account_id: str) -> None:
    """Let no token and no cookie of an account count any more."""
    tx.accounts.raise_epoch(account_id)
    tx.logins.revoke_all(account_id)


def quotas(tx: Transaction, account_id: str) -> Quotas:
    """Tell how much an account may take; what is None is for the settings to say.

    Guests of another issuer have no row, and the settings' quotas.
    """
    row = tx.accounts.get(account_id)
    return Quotas() if row is None else row.quotas


def need(tx: Transaction, account_id: str) -> AccountRow:
    """Get an account that must be there.

    Raises:
        NotFound: it is not.
    """
    row = tx.accounts.get(account_id) if account_id.isalnum() else None
    if row is None:
        raise NotFound(f"there is no account {account_id}", code="account.not_found")
    return row


def named(db: Database, name: str) -> AccountView:
    """Show the account of a name.

    Raises:
        NotFound: there is none of that name.
    """
    with db.read() as tx:
        row = tx.accounts.named(name) if name.isprintable() else None
    if row is None:
        raise NotFound(f"there is no account named {name}", code="account.not_found")
    return view(row)


def view(row: AccountRow) -> AccountView:
    """Show a row."""
    return AccountView(
        id=row.id,
        name=row.name,
        role=row.role,
        is_disabled=row.is_disabled,
        has_password=row.password_hash is not None,
        quotas=row.quotas,
        created_at=row.created_at,
    )


def _built_in() -> Conflict:
    return Conflict(
        "the account `local` is built in: it cannot be removed, disabled or made less",
        code="account.built_in",
        remedy="Make accounts of your own for people and apps.",
    )
