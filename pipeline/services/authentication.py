"""Who is it? What was shown → an identity, or a refusal."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.core import guests
from pipeline.core.errors import Unauthenticated
from pipeline.credentials import opaque
from pipeline.credentials.access import OUR_ISSUER, Access
from pipeline.credentials.bearer import Proven
from pipeline.credentials.opaque import ApiKey
from pipeline.database.accounts import AccountRow, KeyRow
from pipeline.database.port import Database
from pipeline.services.logins import ended
from schemas.identity import Identity

#: A key's last use is kept to the minute: a write per request would be the price of more.
_NOTE_USE_S = 60.0


@dataclass(frozen=True)
class Authenticated:
    """Who it is, and by which login, where it was one."""

    identity: Identity
    login_id: str | None = None


def by_bearer(db: Database, access: Access, text: str) -> Authenticated:
    """Find out who shows an API key or an access token.

    Raises:
        Unauthenticated: it does not count, or no more.
        UpstreamKeysUnavailable: nobody can tell now.
    """
    key = opaque.read_key(text)
    if key is not None:
        return Authenticated(_by_key(db, key))
    if opaque.looks_like_key(text):
        raise _key_unknown()
    proven = access.bearers.read(text)
    if proven.issuer == OUR_ISSUER:
        return _by_token(db, proven)
    return Authenticated(_guest(access, proven))


def _by_key(db: Database, shown: ApiKey) -> Identity:
    with db.read() as tx:
        key = tx.api_keys.begins(shown.prefix)
        account = None if key is None else tx.accounts.get(key.account_id)
    # An unknown one is compared too, with what fits nothing.
    is_it = opaque.is_same(opaque.digest(shown.text), "" if key is None else key.digest)
    if not is_it or key is None:
        raise _key_unknown()
    if not key.is_live or account is None or account.is_disabled:
        raise Unauthenticated("this API key counts no more", code="auth.key_ended")
    _note_use(db, key)
    scopes = None if key.scopes is None else frozenset(key.scopes)
    return Identity(account=account.id, role=account.role, scopes=scopes, key_id=key.id)


def _key_unknown() -> Unauthenticated:
    return Unauthenticated("there is no such API key", code="auth.key_unknown")


def _note_use(db: Database, key: KeyRow) -> None:
    noted = key.last_used_at
    # By this box's clock, only to spare the write; the statement asks the database's.
    if noted is None or (datetime.now(UTC) - noted).total_seconds() > _NOTE_USE_S:
        with db.write() as tx:
            tx.api_keys.use(key.id, at_most_every_s=_NOTE_USE_S)


def _by_token(db: Database, proven: Proven) -> Authenticated:
    login_id, epoch = proven.claims.get("sid"), proven.claims.get("ver")
    with db.read() as tx:
        account = tx.accounts.get(proven.subject)
        login = tx.logins.get(login_id) if isinstance(login_id, str) else None
    is_theirs = login is not None and login.is_live and login.account_id == proven.subject
    if account is None or login is None or not is_theirs or account.epoch != epoch:
        raise ended()
    return Authenticated(_of(account), login.id)


def _guest(access: Access, proven: Proven) -> Identity:
    if access.upstream is None:
        raise Unauthenticated("the access token does not count here", code="auth.token_invalid")
    return guests.identity(
        proven.issuer,
        proven.subject,
        proven.claims,
        role_claim=access.upstream.role_claim,
        ceiling=access.upstream.ceiling,
    )


def by_cookie(db: Database, cookie: str) -> Authenticated | None:
    """Find out whose browser it is; None where the cookie counts no more."""
    with db.read() as tx:
        login = tx.logins.of_cookie(opaque.digest(cookie))
        account = None if login is None else tx.accounts.get(login.account_id)
    if login is None or not login.is_live or account is None or account.is_disabled:
        return None
    return Authenticated(_of(account), login.id)


def _of(account: AccountRow) -> Identity:
    if account.is_disabled:
        raise ended()
    return Identity(account=account.id, role=account.role)


def name_of(db: Database, account_id: str) -> str | None:
    """Name an account; None for guests of another issuer, who have no row."""
    with db.read() as tx:
        row = tx.accounts.get(account_id)
    return None if row is None else row.name
