"""Accounts, keys and logins as rows, on both databases."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.core.errors import Conflict, NotFound, Unauthenticated
from pipeline.credentials import opaque
from pipeline.credentials.access import Access, access_with
from pipeline.database.accounts import LoginKind
from pipeline.database.port import Database
from pipeline.services import accounts, api_keys, authentication, logins
from schemas.access import AccountChange, AccountRequest, AccountView, KeyRequest, Quotas
from schemas.identity import Role, Scope

PASSWORD = "correct horse battery"
ACCESS = access_with(b"s" * 32, None, access_token_s=900, login_s=3600)


@pytest.fixture
def kim(database: Database) -> AccountView:
    return accounts.create(database, AccountRequest(name="kim", password=PASSWORD))


def test_what_was_there_before_belongs_to_the_built_in_account(database: Database) -> None:
    local = accounts.show(database, "local")

    assert (local.name, local.role, local.has_password) == ("local", Role.ADMIN, False)
    for change in (AccountChange(role=Role.VIEWER), AccountChange(is_disabled=True)):
        with pytest.raises(Conflict, match="built in"):
            accounts.change(database, "local", change)
    with pytest.raises(Conflict, match="built in"):
        accounts.remove(database, "local")


def test_a_name_is_taken_once(database: Database, kim: AccountView) -> None:
    with pytest.raises(Conflict, match="already") as taken:
        accounts.create(database, AccountRequest(name="kim"))

    assert taken.value.instance_code == "account.name_taken"
    assert [one.name for one in accounts.listing(database).items] == ["kim", "local"]
    assert accounts.named(database, "kim") == kim


def test_only_what_is_given_changes(database: Database, kim: AccountView) -> None:
    quotas = Quotas(stored_bytes=2**50, minutes_a_day=30)

    changed = accounts.change(database, kim.id, AccountChange(quotas=quotas))

    assert changed == kim.model_copy(update={"quotas": quotas})
    with database.read() as tx:
        assert accounts.quotas(tx, kim.id) == quotas
        assert accounts.quotas(tx, "guest-of-another-issuer") == Quotas()


@pytest.mark.parametrize("account_id", ["none", "a\0b", "' OR 1=1", "guest-1"])
def test_an_unknown_account_is_not_found(database: Database, account_id: str) -> None:
    with pytest.raises(NotFound):
        accounts.show(database, account_id)
    with pytest.raises(NotFound):
        accounts.named(database, account_id)


def test_removing_an_account_takes_its_keys_and_logins(
    database: Database, kim: AccountView
) -> None:
    key = api_keys.create(database, kim.id, KeyRequest(name="app"))
    pair = logins.open_tokens(database, ACCESS, proven(database))

    accounts.remove(database, kim.id)

    assert code_of(database, key.key) == "auth.key_unknown"
    assert code_of(database, pair.access_token) == "auth.revoked"


def test_an_account_has_so_many_keys_and_more_where_some_are_revoked(
    database: Database, kim: AccountView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MAX_PER_ACCOUNT", 2)
    first, _ = (api_keys.create(database, kim.id, KeyRequest(name="app")) for _ in range(2))

    with pytest.raises(Conflict) as refused:
        api_keys.create(database, kim.id, KeyRequest(name="app"))
    assert refused.value.instance_code == "key.too_many"

    api_keys.revoke(database, first.id, owner=kim.id)
    assert api_keys.create(database, kim.id, KeyRequest(name="app")).name == "app"


def test_a_password_opens_its_account_alone(database: Database, kim: AccountView) -> None:
    assert proven(database).id == kim.id
    assert logins.prove(database, " KIM ", PASSWORD).id == kim.id
    for name, password in (
        ("kim", "wrong"),
        ("nobody", PASSWORD),
        ("local", PASSWORD),
        ("k\0m", PASSWORD),
        ("", ""),
    ):
        with pytest.raises(Unauthenticated) as refused:
            logins.prove(database, name, password)
        assert refused.value.instance_code == "auth.wrong_password"


def test_the_same_keys_are_the_same_password_however_they_are_composed(database: Database) -> None:
    composed = "비밀번호는비밀번호"
    in_parts = unicodedata.normalize("NFD", composed)
    accounts.create(database, AccountRequest(name="park", password=composed + "1"))

    assert in_parts != composed
    assert logins.prove(database, "park", in_parts + "1").name == "park"


def test_a_token_says_who_and_the_row_says_what_they_may(
    database: Database, kim: AccountView
) -> None:
    pair = logins.open_tokens(database, ACCESS, proven(database))
    before = authentication.by_bearer(database, ACCESS, pair.access_token).identity

    accounts.change(database, kim.id, AccountChange(role=Role.OPERATOR))

    assert (before.account, before.role, before.scopes) == (kim.id, Role.CREATOR, None)
    # What changes trust ends logins: the next one has the new role.
    assert code_of(database, pair.access_token) == "auth.revoked"
    again = logins.open_tokens(database, ACCESS, proven(database))
    now = authentication.by_bearer(database, ACCESS, again.access_token).identity
    assert now.role is Role.OPERATOR


@pytest.mark.parametrize(
    "change", [AccountChange(is_disabled=True), AccountChange(password="another one 12")]
)
def test_logins_end_at_once(database: Database, kim: AccountView, change: AccountChange) -> None:
    pair = logins.open_tokens(database, ACCESS, proven(database))
    cookie = logins.open_cookie(database, kim.id, life_s=60)

    accounts.change(database, kim.id, change)

    assert code_of(database, pair.access_token) == "auth.revoked"
    assert authentication.by_cookie(database, cookie) is None
    with pytest.raises(Unauthenticated):
        logins.refresh(database, ACCESS, pair.refresh_token)


def test_refresh_tokens_rotate_and_a_second_use_ends_the_family(
    database: Database, kim: AccountView
) -> None:
    first = logins.open_tokens(database, ACCESS, proven(database))
    other = logins.open_tokens(database, ACCESS, proven(database))
    second = logins.refresh(database, ACCESS, first.refresh_token)
    assert authentication.by_bearer(database, ACCESS, second.access_token)

    with pytest.raises(Unauthenticated) as reused:
        logins.refresh(database, ACCESS, first.refresh_token)

    assert reused.value.instance_code == "auth.refresh_reused"
    with pytest.raises(Unauthenticated) as ended:
        logins.refresh(database, ACCESS, second.refresh_token)
    assert ended.value.instance_code == "auth.revoked"
    assert code_of(database, second.access_token) == "auth.revoked"
    assert logins.refresh(database, ACCESS, other.refresh_token)


def test_of_many_who_refresh_at_once_one_at_most_goes_on(
    database: Database, kim: AccountView
) -> None:
    pair = logins.open_tokens(database, ACCESS, proven(database))

    def refresh(_: int) -> str:
        try:
            return logins.refresh(database, ACCESS, pair.refresh_token).refresh_token
        except Unauthenticated as error:
            return error.instance_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(refresh, range(8)))

    won = [answer for answer in answers if not answer.startswith("auth.")]
    assert len(won) == 1
    assert answers.count("auth.refresh_reused") == 7
    with pytest.raises(Unauthenticated):
        logins.refresh(database, ACCESS, won[0])


def test_logging_out_ends_one_login_or_all(database: Database, kim: AccountView) -> None:
    pairs = [logins.open_tokens(database, ACCESS, proven(database)) for _ in range(3)]

    assert logins.end_by_refresh(database, pairs[0].refresh_token) == kim.id
    assert logins.end_by_refresh(database, "no token of ours") is None

    assert code_of(database, pairs[0].access_token) == "auth.revoked"
    assert authentication.by_bearer(database, ACCESS, pairs[1].access_token)
    logins.end_all(database, kim.id)
    assert {code_of(database, pair.access_token) for pair in pairs} == {"auth.revoked"}


def test_a_login_ends_by_itself(database: Database, kim: AccountView) -> None:
    short = access_with(b"s" * 32, None, access_token_s=900, login_s=0)

    pair = logins.open_tokens(database, short, proven(database))

    assert code_of(database, pair.access_token) == "auth.revoked"
    with pytest.raises(Unauthenticated):
        logins.refresh(database, ACCESS, pair.refresh_token)


def test_a_ticket_is_good_once(database: Database, kim: AccountView) -> None:
    ticket = logins.make_ticket(database, kim.id)

    def use(_: int) -> str | None:
        try:
            return logins.use_ticket(database, ticket, life_s=60)
        except Unauthenticated:
            return None

    with ThreadPoolExecutor(8) as pool:
        cookies = [cookie for cookie in pool.map(use, range(8)) if cookie]

    assert len(cookies) == 1
    found = authentication.by_cookie(database, cookies[0])
    assert found is not None
    assert found.identity.account == kim.id


def test_an_old_ticket_is_worth_nothing(database: Database) -> None:
    with database.write() as tx:
        tx.logins.add_ticket(opaque.digest("old"), "local", life_s=0)

    with pytest.raises(Unauthenticated) as refused:
        logins.use_ticket(database, "old", life_s=60)

    assert refused.value.instance_code == "auth.ticket_invalid"


def test_a_key_is_whole_once_and_known_by_its_beginning(
    database: Database, kim: AccountView
) -> None:
    asked = KeyRequest(name="app", scopes=(Scope.JOBS_READ, Scope.ASSETS_READ), expires_in_s=60)

    made = api_keys.create(database, kim.id, asked)

    (listed,) = api_keys.listing(database, kim.id).items
    assert listed.model_dump().items() <= made.model_dump().items()
    assert made.key.startswith(f"{listed.prefix}_")
    assert made.key not in listed.model_dump_json()
    assert listed.expires_at is not None
    assert listed.expires_at - listed.created_at == pytest.approx(timedelta(seconds=60), abs=SECOND)
    with database.read() as tx:
        row = tx.api_keys.begins(listed.prefix)
    assert row is not None
    assert row.digest == opaque.digest(made.key)
    assert made.key not in repr(row) + repr(made)


SECOND = timedelta(seconds=1)


def test_a_key_has_its_accounts_role_and_its_own_scopes(
    database: Database, kim: AccountView
) -> None:
    narrow = api_keys.create(database, kim.id, KeyRequest(name="a", scopes=(Scope.JOBS_READ,)))
    wide = api_keys.create(database, kim.id, KeyRequest(name="b"))

    who = authentication.by_bearer(database, ACCESS, narrow.key).identity

    assert (who.account, who.role, who.key_id) == (kim.id, Role.CREATOR, narrow.id)
    assert who.scopes == {Scope.JOBS_READ}
    assert authentication.by_bearer(database, ACCESS, wide.key).identity.scopes is None


def test_a_key_ends_by_time_by_hand_and_with_its_account(
    database: Database, kim: AccountView
) -> None:
    revoked = api_keys.create(database, kim.id, KeyRequest(name="a"))
    other = api_keys.create(database, kim.id, KeyRequest(name="b"))
    expired = api_keys.create(database, kim.id, KeyRequest(name="c"))
    with database.write() as tx:
        row = tx.api_keys.get(expired.id)
        assert row is not None
        tx.api_keys.delete_named(kim.id, "c")
        tx.api_keys.add(row, life_s=-1)

    with pytest.raises(NotFound):
        api_keys.revoke(database, revoked.id, owner="local")
    for _ in range(2):
        api_keys.revoke(database, revoked.id, owner=kim.id)

    assert code_of(database, revoked.key) == "auth.key_ended"
    assert code_of(database, expired.key) == "auth.key_ended"
    assert code_of(database, other.key) == ""
    accounts.change(database, kim.id, AccountChange(is_disabled=True))
    assert code_of(database, other.key) == "auth.key_ended"


def test_the_last_use_is_noted_once_a_minute(database: Database) -> None:
    made = api_keys.create(database, "local", KeyRequest(name="app"))
    authentication.by_bearer(database, ACCESS, made.key)
    first = api_keys.listing(database, "local").items[0].last_used_at
    assert first is not None

    authentication.by_bearer(database, ACCESS, made.key)
    with database.write() as tx:
        tx.api_keys.use(made.id, at_most_every_s=60)

    assert api_keys.listing(database, "local").items[0].last_used_at == first
    with database.write() as tx:
        tx.api_keys.use(made.id, at_most_every_s=-1)
    later = api_keys.listing(database, "local").items[0].last_used_at
    assert later is not None
    assert later > first
    assert later - datetime.now(UTC) < timedelta(minutes=1)


def test_the_house_has_one_key_and_keeps_it_while_it_counts(database: Database) -> None:
    first = api_keys.house_key(database, "")
    assert api_keys.house_key(database, first) == first
    who = authentication.by_bearer(database, ACCESS, first).identity
    assert (who.account, who.role, who.scopes) == ("local", Role.ADMIN, None)

    api_keys.revoke(database, who.key_id or "", owner=None)
    second = api_keys.house_key(database, first)
    third = api_keys.house_key(database, "rmk_forged")

    assert code_of(database, first) == "auth.key_unknown"
    assert code_of(database, second) == "auth.key_unknown"
    assert code_of(database, third) == ""
    assert len(api_keys.listing(database, None).items) == 1


def test_no_other_key_becomes_the_house_key(database: Database) -> None:
    narrow = api_keys.create(database, "local", KeyRequest(name="a", scopes=(Scope.JOBS_READ,)))

    assert api_keys.house_key(database, narrow.key) != narrow.key


def test_what_ended_long_ago_is_forgotten(database: Database, kim: AccountView) -> None:
    with database.write() as tx:
        tx.logins.add("old", kim.id, LoginKind.TOKENS, life_s=-100)
        tx.logins.add("late", kim.id, LoginKind.TOKENS, life_s=-10)
        tx.logins.add("new", kim.id, LoginKind.COOKIE, life_s=10, digest="d" * 64)
        tx.logins.add_refresh("r" * 64, "old")
        tx.logins.add_ticket("t" * 64, kim.id, life_s=-100)

    with database.write() as tx:
        assert tx.logins.trim(kept_s=50) == 2

    with database.read() as tx:
        assert [tx.logins.get(name) is None for name in ("old", "late", "new")] == [True, 0, 0]
    with database.write() as tx:
        assert tx.logins.use_refresh("r" * 64) is None


def proven(database: Database) -> accounts.AccountRow:
    return logins.prove(database, "kim", PASSWORD)


def code_of(database: Database, text: str, access: Access = ACCESS) -> str:
    """The code something shown is refused with; empty where it counts."""
    try:
        authentication.by_bearer(database, access, text)
    except Unauthenticated as error:
        return error.instance_code
    return ""
