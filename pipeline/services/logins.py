"""Logging in and out: by password to tokens or a cookie, by a ticket, by a refresh token."""

from pipeline.core.errors import Unauthenticated
from pipeline.credentials import opaque, passwords
from pipeline.credentials.access import Access
from pipeline.database.accounts import AccountRow, LoginKind
from pipeline.database.port import Database, Transaction
from pipeline.services import accounts
from pipeline.services.ids import new_id
from schemas.access import TokenPair

#: A login link is for the person who just saw it printed.
TICKET_LIFE_S = 900


def prove(db: Database, name: str, password: str) -> AccountRow:
    """Find the account of a name and a password.

    An unknown name, one without a password and a disabled one take as long as a wrong password
    and are answered alike.

    Raises:
        Unauthenticated: they do not go together.
    """
    name = name.strip().lower()
    with db.read() as tx:
        # A name with characters no name of ours has is nobody's; PostgreSQL would refuse a NUL.
        row = tx.accounts.named(name) if name.isprintable() else None
    stored = None if row is None or row.is_disabled else row.password_hash
    if not passwords.fits(accounts.typed(password), stored) or row is None:
        raise Unauthenticated(
            "name and password do not go together",
            code="auth.wrong_password",
            remedy="Check both; after several wrong ones each further try has to wait.",
        )
    if stored is not None and passwords.is_outdated(stored):
        _hash_again(db, row, password)
    return row


def _hash_again(db: Database, row: AccountRow, password: str) -> None:
    stronger = accounts.hash_of(password)
    with db.write() as tx:
        tx.accounts.change(row.id, password_hash=stronger)


def open_tokens(db: Database, access: Access, account: AccountRow) -> TokenPair:
    """Begin a login of a program."""
    login_id = new_id()
    with db.write() as tx:
        tx.logins.add(login_id, account.id, LoginKind.TOKENS, life_s=access.login_s)
        return _pair(tx, access, login_id, account)


def _pair(tx: Transaction, access: Access, login_id: str, account: AccountRow) -> TokenPair:
    refresh = opaque.new_secret()
    tx.logins.add_refresh(opaque.digest(refresh), login_id)
    return TokenPair(
        access_token=access.mint.make(account.id, login_id=login_id, epoch=account.epoch),
        expires_in=access.mint.life_s,
        refresh_token=refresh,
    )


def refresh(db: Database, access: Access, token: str) -> TokenPair:
    """Trade a refresh token for the next pair.

    One that was used before is in two hands: its whole family ends, whoever of them is right.

    Raises:
        Unauthenticated: it does not count, or no more.
    """
    with db.write() as tx:
        taken = tx.logins.use_refresh(opaque.digest(token))
        login = None if taken is None else tx.logins.get(taken[0])
        account = None if login is None else tx.accounts.get(login.account_id)
        if taken is not None and not taken[1]:
            tx.logins.revoke([taken[0]])
        elif login is not None and login.is_live and account and not account.is_disabled:
            return _pair(tx, access, login.id, account)
    # Outside: the revocation must stay.
    if taken is not None and not taken[1]:
        raise Unauthenticated(
            "the refresh token was used before, so that all of its family are void now",
            code="auth.refresh_reused",
            remedy="Log in again; if it was not your app that used it, change the password.",
        )
    raise ended()


def ended() -> Unauthenticated:
    """Say that a login is over."""
    return Unauthenticated(
        "this login has ended",
        code="auth.revoked",
        remedy="Log in again, or make a new key.",
    )


def end_by_refresh(db: Database, token: str) -> str | None:
    """End the login of a refresh token, used or not; tell whose it was, None if nobody's."""
    with db.write() as tx:
        taken = tx.logins.use_refresh(opaque.digest(token))
        login = None if taken is None else tx.logins.get(taken[0])
        if login is None:
            return None
        tx.logins.revoke([login.id])
        return login.account_id


def end(db: Database, login_id: str) -> None:
    """End one login."""
    with db.write() as tx:
        tx.logins.revoke([login_id])


def end_all(db: Database, account_id: str) -> None:
    """End all logins of an account; its keys go on."""
    with db.write() as tx:
        accounts.end_logins(tx, account_id)


def open_cookie(db: Database, account_id: str, *, life_s: int) -> str:
    """Begin a login of a browser; return what its cookie holds."""
    cookie = opaque.new_secret()
    with db.write() as tx:
        _add_cookie(tx, account_id, cookie, life_s)
    return cookie


def _add_cookie(tx: Transaction, account_id: str, cookie: str, life_s: int) -> None:
    digest = opaque.digest(cookie)
    tx.logins.add(new_id(), account_id, LoginKind.COOKIE, life_s=life_s, digest=digest)


def make_ticket(db: Database, account_id: str) -> str:
    """Make the ticket of a login link: good once, and for a quarter of an hour."""
    ticket = opaque.new_secret()
    with db.write() as tx:
        accounts.need(tx, account_id)
        tx.logins.add_ticket(opaque.digest(ticket), account_id, life_s=TICKET_LIFE_S)
    return ticket


def link(base_url: str, ticket: str) -> str:
    """Write a login link. Behind ``#`` the ticket is sent to no server and stands in no log."""
    return f"{base_url}/login#ticket={ticket}"


def use_ticket(db: Database, ticket: str, *, life_s: int) -> str:
    """Trade a ticket for what a browser's cookie holds.

    Raises:
        Unauthenticated: it was used, is too old, or never was one.
    """
    cookie = opaque.new_secret()
    with db.write() as tx:
        account_id = tx.logins.use_ticket(opaque.digest(ticket))
        account = None if account_id is None else tx.accounts.get(account_id)
        if account is not None and not account.is_disabled:
            _add_cookie(tx, account.id, cookie, life_s)
            return cookie
    raise Unauthenticated(
        "this login link was used or is too old",
        code="auth.ticket_invalid",
        remedy="Make a new one: reelmill account link NAME.",
    )
