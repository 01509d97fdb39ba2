"""Who gets in, over HTTP: passwords, tokens, cookies, keys, and all that must not."""

import json
import logging
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import ApiError, Client
from pipeline.database.accounts import LoginKind
from pipeline.services import accounts, api_keys, logins
from schemas.access import AccountRequest, AccountView, KeyRequest, Quotas
from schemas.identity import Role, Scope
from tests.support.forged import (
    FORGED,
    UPSTREAM,
    UPSTREAM_AUDIENCE,
    Ground,
    document,
    public_jwk,
    rsa_key,
)
from tests.support.served import Served, serving

PASSWORD = "four ducks at noon"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("access")
    (folder / "jwks.json").write_bytes(document(public_jwk(rsa_key())))
    upstream = {
        "jwt_issuer": UPSTREAM,
        "jwt_audience": UPSTREAM_AUDIENCE,
        "jwt_jwks": str(folder / "jwks.json"),
    }
    with serving(folder, anonymous_role="", rate_limits="never", **upstream) as served:
        yield served


@pytest.fixture(scope="module")
def people(api: Served) -> dict[Role, AccountView]:
    """One of every role."""
    return {
        role: accounts.create(
            api.pipeline.database, AccountRequest(name=f"{role}1", role=role, password=PASSWORD)
        )
        for role in Role
    }


def key_of(api: Served, account: str, *scopes: Scope) -> dict[str, str]:
    """Credentials of a new key, as a header."""
    asked = KeyRequest(name="test", scopes=scopes or None)
    return bearer(api_keys.create(api.pipeline.database, account, asked).key)


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def log_in(api: Served, name: str) -> dict[str, Any]:
    answer = httpx.post(f"{api.url}/api/auth/token", json={"name": name, "password": PASSWORD})
    assert answer.status_code == HTTPStatus.OK, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return dict(answer.json())


def assert_refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    if status == HTTPStatus.UNAUTHORIZED:
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="reelmill"')


def test_who_shows_nothing_sees_nothing(api: Served) -> None:
    for path in ("/api/assets", "/api/queues", "/api/auth/me", "/api/keys", "/api/accounts"):
        assert_refused(httpx.get(f"{api.url}{path}"), 401, "auth.required")
    assert_refused(httpx.post(f"{api.url}/api/assets", content=b"x"), 401, "auth.required")
    assert httpx.get(f"{api.url}/healthz").is_success
    assert httpx.get(f"{api.url}/login").is_success


def test_a_password_becomes_tokens_that_say_who_it_is(
    api: Served, people: dict[Role, AccountView]
) -> None:
    pair = log_in(api, "creator1")

    me = httpx.get(f"{api.url}/api/auth/me", headers=bearer(pair["access_token"])).json()

    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 900)
    assert me == {
        "account": people[Role.CREATOR].id,
        "name": "creator1",
        "role": "creator",
        "scopes": None,
        "key_id": None,
        "is_anonymous": False,
    }
    # The scheme is a word, not a case.
    shown = {"Authorization": f"bEARER  {pair['access_token']}"}
    assert httpx.get(f"{api.url}/api/auth/me", headers=shown).is_success


def test_wrong_names_and_passwords_are_answered_alike(
    api: Served, people: dict[Role, AccountView]
) -> None:
    said = []
    for name, password in (("viewer1", "wrong"), ("nobody-here", PASSWORD), ("local", PASSWORD)):
        answer = httpx.post(f"{api.url}/api/auth/token", json={"name": name, "password": password})
        assert_refused(answer, 401, "auth.wrong_password")
        said.append({**answer.json(), "instance": ""})

    assert said[0] == said[1] == said[2]


def test_guessing_is_slowed_down_and_the_right_one_then_waits_too(
    api: Served, people: dict[Role, AccountView]
) -> None:
    accounts.create(api.pipeline.database, AccountRequest(name="guessed", password=PASSWORD))
    wrong = {"name": "guessed", "password": "wrong"}
    answers = [httpx.post(f"{api.url}/api/auth/token", json=wrong) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert_refused(answers[5], 429, "auth.slow_down")
    assert int(answers[5].headers["Retry-After"]) >= 1
    right = {"name": "GUESSED ", "password": PASSWORD}
    assert httpx.post(f"{api.url}/api/auth/token", json=right).status_code == 429
    # Somebody else is not held up.
    assert log_in(api, "operator1")


def test_refresh_and_revocation_over_http(api: Served, people: dict[Role, AccountView]) -> None:
    first = log_in(api, "operator1")
    refresh = {"refresh_token": first["refresh_token"]}
    second = httpx.post(f"{api.url}/api/auth/refresh", json=refresh).json()
    other = log_in(api, "operator1")

    again = httpx.post(f"{api.url}/api/auth/refresh", json=refresh)

    assert_refused(again, 401, "auth.refresh_reused")
    me = httpx.get(f"{api.url}/api/auth/me", headers=bearer(second["access_token"]))
    assert_refused(me, 401, "auth.revoked")
    assert me.headers["WWW-Authenticate"].endswith('error="invalid_token"')

    shown = bearer(other["access_token"])
    assert httpx.post(f"{api.url}/api/auth/revoke", json={}, headers=shown).status_code == 204
    assert_refused(httpx.get(f"{api.url}/api/auth/me", headers=shown), 401, "auth.revoked")
    unknown = {"refresh_token": "of nobody"}
    assert httpx.post(f"{api.url}/api/auth/revoke", json=unknown).status_code == 204
    assert_refused(httpx.post(f"{api.url}/api/auth/revoke", json={}), 401, "auth.required")
    everything = httpx.post(f"{api.url}/api/auth/revoke", json={"all": True})
    assert_refused(everything, 401, "auth.required")


def test_all_logins_end_together_and_keys_go_on(
    api: Served, people: dict[Role, AccountView]
) -> None:
    pairs = [log_in(api, "viewer1") for _ in range(2)]
    key = key_of(api, people[Role.VIEWER].id)

    ended = httpx.post(
        f"{api.url}/api/auth/revoke", json={"all": True}, headers=bearer(pairs[0]["access_token"])
    )

    assert ended.status_code == 204
    for pair in pairs:
        shown = bearer(pair["access_token"])
        assert_refused(httpx.get(f"{api.url}/api/auth/me", headers=shown), 401, "auth.revoked")
    assert httpx.get(f"{api.url}/api/auth/me", headers=key).is_success


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_401(api: Served, forge: Callable[[Ground], str]) -> None:
    ground = Ground("local", "http1", api.pipeline.access.mint.key)
    with api.pipeline.database.write() as tx:
        if tx.logins.get("http1") is None:
            tx.logins.add("http1", "local", LoginKind.TOKENS, life_s=3600)
    good = httpx.get(f"{api.url}/api/auth/me", headers=bearer(ground.ours()))
    assert good.json()["role"] == "admin"

    token = forge(ground).encode("utf-8")
    answer = httpx.get(f"{api.url}/api/auth/me", headers={b"Authorization": b"Bearer " + token})

    assert answer.status_code == 401
    assert answer.json()["code"].startswith("auth.")
    assert token.decode() not in answer.text


def test_a_key_that_was_copied_incompletely_is_called_a_key(api: Served) -> None:
    headers = {"Authorization": "Bearer rmk_0123456789ab_" + "a" * 42}
    answer = httpx.get(f"{api.url}/api/assets", headers=headers)

    assert_refused(answer, 401, "auth.key_unknown")
    assert answer.json()["remedy"] == "Copy the whole key, or make a new one."


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Basic bG9jYWw6bG9jYWw=",
        "Token rmk_0123456789ab_" + "a" * 43,
        "Bearer rmk_0123456789ab_" + "a" * 43,
        "Bearer rmk_0123456789ab",
        "Bearer a b",
        "Bearer null",
    ],
)
def test_a_header_that_proves_nothing_is_401(api: Served, header: str) -> None:
    answer = httpx.get(f"{api.url}/api/assets", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.json()["code"] in {"auth.token_invalid", "auth.key_unknown"}


def test_an_upstream_app_vouches_for_its_people(api: Served) -> None:
    ground = Ground("kim", "", b"k" * 32)

    me = httpx.get(f"{api.url}/api/auth/me", headers=bearer(ground.theirs())).json()
    other = httpx.get(f"{api.url}/api/auth/me", headers=bearer(ground.theirs(sub="local"))).json()

    # It claims to be an admin.
    assert (me["role"], me["name"]) == ("creator", None)
    assert other["account"] not in {"local", me["account"]}
    uploaded = httpx.post(
        f"{api.url}/api/assets?filename=a.mp4", content=b"x", headers=bearer(ground.theirs())
    )
    asset = f"{api.url}/api/assets/{uploaded.json()['id']}"
    assert httpx.get(asset, headers=bearer(ground.theirs())).is_success
    assert httpx.get(asset, headers=bearer(ground.theirs(sub="lee"))).status_code == 404


def test_credentials_in_addresses_count_for_nothing(api: Served) -> None:
    key = key_of(api, "local")["Authorization"].removeprefix("Bearer ")

    for name in ("access_token", "token", "key", "api_key", "authorization"):
        answer = httpx.get(f"{api.url}/api/queues", params={name: key})
        assert_refused(answer, 401, "auth.required")


def test_a_key_may_what_its_scopes_and_its_role_both_allow(
    api: Served, people: dict[Role, AccountView]
) -> None:
    narrow = key_of(api, people[Role.OPERATOR].id, Scope.JOBS_READ)
    beyond = key_of(api, people[Role.CREATOR].id, Scope.FLEET_READ, Scope.JOBS_READ)

    assert httpx.get(f"{api.url}/api/jobs", headers=narrow).is_success
    for refused in (
        httpx.get(f"{api.url}/api/queues", headers=narrow),
        httpx.get(f"{api.url}/api/assets", headers=narrow),
        httpx.post(f"{api.url}/api/keys", json={"name": "more"}, headers=narrow),
        httpx.get(f"{api.url}/api/queues", headers=beyond),
        httpx.get(f"{api.url}/api/accounts", headers=beyond),
    ):
        assert_refused(refused, 403, "auth.forbidden")


def test_a_key_makes_none_that_may_more(api: Served, people: dict[Role, AccountView]) -> None:
    maker = key_of(api, people[Role.CREATOR].id, Scope.ACCOUNTS_WRITE, Scope.JOBS_READ)

    def make(**asked: object) -> httpx.Response:
        return httpx.post(f"{api.url}/api/keys", json={"name": "x", **asked}, headers=maker)

    assert make(scopes=["jobs:read"]).status_code == 201
    assert_refused(make(), 403, "auth.forbidden")
    assert_refused(make(scopes=["jobs:write"]), 403, "auth.forbidden")
    other = make(scopes=["jobs:read"], account=people[Role.ADMIN].id)
    assert_refused(other, 403, "auth.forbidden")


def test_a_key_makes_none_that_outlives_it(api: Served, people: dict[Role, AccountView]) -> None:
    database = api.pipeline.database
    asked = KeyRequest(name="short", expires_in_s=600)
    maker = bearer(api_keys.create(database, people[Role.CREATOR].id, asked).key)

    def make(**asked: object) -> httpx.Response:
        return httpx.post(f"{api.url}/api/keys", json={"name": "x", **asked}, headers=maker)

    assert make(expires_in_s=60).status_code == 201
    assert_refused(make(), 403, "auth.forbidden")
    assert_refused(make(expires_in_s=3600), 403, "auth.forbidden")


@pytest.mark.parametrize("role", ["viewer", "creator", "operator"])
def test_who_shows_nothing_gets_no_key_of_the_built_in_account(tmp_path: Path, role: str) -> None:
    with serving(tmp_path / "data", anonymous_role=role) as served:
        for answer in (
            httpx.post(f"{served.url}/api/keys", json={"name": "x"}),
            httpx.get(f"{served.url}/api/keys"),
        ):
            assert_refused(answer, 401, "auth.required")


def test_quotas_hold_for_a_file_handed_in_by_one_request(api: Served) -> None:
    request = AccountRequest(name="small", quotas=Quotas(stored_bytes=10))
    account = accounts.create(api.pipeline.database, request)
    headers = key_of(api, account.id)

    def hand_in(content: bytes | Iterator[bytes]) -> httpx.Response:
        return httpx.post(f"{api.url}/api/assets", content=content, headers=headers)

    assert hand_in(b"123456").status_code == 201
    assert_refused(hand_in(b"12345"), 429, "quota.bytes")
    # Without a length: as much as is left.
    assert_refused(hand_in(iter([b"123", b"45"])), 413, "request.too_large")
    assert hand_in(b"1234").status_code == 201


def test_keys_are_shown_once_and_end_when_revoked(
    api: Served, people: dict[Role, AccountView]
) -> None:
    shown = bearer(log_in(api, "creator1")["access_token"])
    made = httpx.post(
        f"{api.url}/api/keys", json={"name": "app", "expires_in_s": 60}, headers=shown
    ).json()
    listed = httpx.get(f"{api.url}/api/keys", headers=shown)

    assert made["key"] not in listed.text
    assert made["id"] in [one["id"] for one in listed.json()["items"]]
    assert {one["account"] for one in listed.json()["items"]} == {people[Role.CREATOR].id}
    assert httpx.get(f"{api.url}/api/auth/me", headers=bearer(made["key"])).json()["key_id"]

    stranger = key_of(api, people[Role.OPERATOR].id)
    address = f"{api.url}/api/keys/{made['id']}"
    assert_refused(httpx.delete(address, headers=stranger), 404, "key.not_found")
    assert httpx.delete(address, headers=shown).status_code == 204
    gone = httpx.get(f"{api.url}/api/auth/me", headers=bearer(made["key"]))
    assert_refused(gone, 401, "auth.key_ended")
    everybody = httpx.get(f"{api.url}/api/keys?all=true", headers=shown)
    assert_refused(everybody, 403, "auth.forbidden")
    admin = key_of(api, people[Role.ADMIN].id)
    assert made["id"] in httpx.get(f"{api.url}/api/keys?all=true", headers=admin).text


def test_a_repeat_gets_the_same_key_and_none_lies_in_the_clear(api: Served) -> None:
    headers = {**key_of(api, "local"), "Idempotency-Key": "7d3c-4f0e-once"}

    made = [
        httpx.post(f"{api.url}/api/keys", json={"name": "twice"}, headers=headers).json()
        for _ in range(2)
    ]

    assert made[0]["key"] == made[1]["key"]
    kept = (api.pipeline.settings.data_dir / "reelmill.db").read_bytes()
    log = (api.pipeline.settings.data_dir / "reelmill.db-wal").read_bytes()
    assert made[0]["key"].encode() not in kept + log


def test_admins_look_after_accounts(api: Served, people: dict[Role, AccountView]) -> None:
    admin = key_of(api, people[Role.ADMIN].id)
    where = f"{api.url}/api/accounts"
    asked = {"name": "park", "role": "viewer", "password": PASSWORD}

    made = httpx.post(where, json=asked, headers=admin)
    again = httpx.post(where, json=asked, headers=admin)

    assert made.status_code == 201
    assert PASSWORD not in made.text
    assert_refused(again, 409, "account.name_taken")
    one = f"{api.url}{made.headers['Location']}"
    change = {"role": "creator", "quotas": {"stored_bytes": 1000}}
    changed = httpx.patch(one, json=change, headers=admin).json()
    assert (changed["role"], changed["quotas"]["stored_bytes"]) == ("creator", 1000)
    assert httpx.get(one, headers=admin).json() == changed
    assert httpx.delete(one, headers=admin).status_code == 204
    assert_refused(httpx.get(one, headers=admin), 404, "account.not_found")
    local = httpx.delete(f"{where}/local", headers=admin)
    assert_refused(local, 409, "account.built_in")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CREATOR, Role.OPERATOR])
def test_accounts_are_for_admins(api: Served, people: dict[Role, AccountView], role: Role) -> None:
    shown = key_of(api, people[role].id)

    for answer in (
        httpx.get(f"{api.url}/api/accounts", headers=shown),
        httpx.post(f"{api.url}/api/accounts", json={"name": "x"}, headers=shown),
        httpx.patch(f"{api.url}/api/accounts/local", json={}, headers=shown),
        httpx.delete(f"{api.url}/api/accounts/local", headers=shown),
    ):
        assert_refused(answer, 403, "auth.forbidden")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "UPPER"},
        {"name": "a\u0000b"},
        {"name": "../x"},
        {"name": "a" * 65},
        {"name": ""},
        {"name": "kim", "password": "short"},
        {"name": "kim", "password": "x" * 513},
        {"name": "kim", "role": "root"},
        {"name": "kim", "password_hash": "x"},
        {"name": "kim", "quotas": {"stored_bytes": -1}},
        {"name": "kim", "quotas": {"stored_bytes": 1e300}},
    ],
)
def test_a_wrong_account_is_refused_and_no_password_echoed(
    api: Served, body: dict[str, Any]
) -> None:
    answer = httpx.post(f"{api.url}/api/accounts", json=body, headers=key_of(api, "local"))

    assert_refused(answer, 400, "request.invalid")
    assert "x" * 513 not in answer.text


def test_a_cookie_counts_for_writes_with_our_own_origin_alone(
    api: Served, people: dict[Role, AccountView]
) -> None:
    cookie = logins.open_cookie(api.pipeline.database, people[Role.CREATOR].id, life_s=60)
    jar = {"Cookie": f"reelmill_session={cookie}"}
    where = f"{api.url}/api/assets?filename=a.mp4"

    assert httpx.get(f"{api.url}/api/auth/me", headers=jar).json()["role"] == "creator"
    assert httpx.post(where, content=b"x", headers=jar).status_code == 403
    for origin in ("https://evil.example", "null", f"{api.url}.evil.example"):
        forged = httpx.post(where, content=b"x", headers={**jar, "Origin": origin})
        assert forged.status_code == 403
    own = httpx.post(where, content=b"x", headers={**jar, "Origin": api.url})
    assert own.status_code == 201
    # A header that proves nothing is refused, whatever cookie comes with it.
    mixed = httpx.get(f"{api.url}/api/auth/me", headers={**jar, "Authorization": "Bearer x"})
    assert_refused(mixed, 401, "auth.token_invalid")


def test_an_old_cookie_is_none(api: Served) -> None:
    jar = {"Cookie": "reelmill_session=old"}

    assert_refused(httpx.get(f"{api.url}/api/auth/me", headers=jar), 401, "auth.required")
    assert httpx.get(f"{api.url}/login", headers=jar).is_success


def test_the_form_logs_a_browser_in_and_out(api: Served, people: dict[Role, AccountView]) -> None:
    own = {"Origin": api.url}
    with httpx.Client(base_url=api.url, headers=own) as browser:
        form = {"name": "creator1", "password": PASSWORD, "next": "/watch/a1"}
        entered = browser.post("/login", data=form)
        given = entered.headers["Set-Cookie"]
        before = dict(browser.cookies)
        me = browser.get("/api/auth/me").json()
        left = browser.post("/logout")

        assert (entered.status_code, entered.headers["Location"]) == (303, "/watch/a1")
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(given.split("; "))
        assert "Secure" not in given
        assert me["name"] == "creator1"
        assert (left.status_code, left.headers["Location"]) == (303, "/login")
        assert browser.get("/api/auth/me").status_code == 401
        # Not only forgotten: void.
        assert httpx.get(f"{api.url}/api/auth/me", cookies=before).status_code == 401


@pytest.mark.parametrize(
    "after",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", "/a\nb", "a"],
)
def test_the_form_leads_nowhere_else(
    api: Served, people: dict[Role, AccountView], after: str
) -> None:
    form = {"name": "creator1", "password": PASSWORD, "next": after}

    entered = httpx.post(f"{api.url}/login", data=form)

    assert (entered.status_code, entered.headers["Location"]) == (303, "/")
    page = httpx.get(f"{api.url}/login", params={"next": after})
    assert "evil" not in page.text


def test_a_wrong_password_is_said_on_the_page_in_the_readers_language(api: Served) -> None:
    form = {"name": '"><script>alert(1)</script>', "password": "x"}

    page = httpx.post(f"{api.url}/login", data=form, headers={"Accept-Language": "ko"})

    assert page.status_code == 401
    assert "이름과 비밀번호가 맞지 않습니다" in page.text
    assert "<script>alert" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"


def test_a_login_link_works_once(api: Served) -> None:
    ticket = logins.make_ticket(api.pipeline.database, "local")
    asked = {"json": {"ticket": ticket}, "headers": {"Origin": api.url}}

    first = httpx.post(f"{api.url}/login/ticket", **asked)
    second = httpx.post(f"{api.url}/login/ticket", **asked)

    assert first.status_code == 204
    jar = {"Cookie": first.headers["Set-Cookie"].split(";")[0]}
    assert httpx.get(f"{api.url}/api/auth/me", headers=jar).json()["role"] == "admin"
    assert_refused(second, 401, "auth.ticket_invalid")
    assert "Set-Cookie" not in second.headers
    foreign = {"Origin": "https://evil.example"}
    other = logins.make_ticket(api.pipeline.database, "local")
    stolen = httpx.post(f"{api.url}/login/ticket", json={"ticket": other}, headers=foreign)
    assert stolen.status_code == 403


def test_over_https_the_cookie_is_secure_and_of_this_host(tmp_path: Path) -> None:
    with serving(tmp_path, anonymous_role="", public_url="https://media.example") as api:
        ticket = logins.make_ticket(api.pipeline.database, "local")

        given = httpx.post(f"{api.url}/login/ticket", json={"ticket": ticket}).headers["Set-Cookie"]

    assert given.startswith("__Host-reelmill_session=")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(given.split("; "))


def test_websockets_know_who_asks(api: Served, people: dict[Role, AccountView]) -> None:
    key = key_of(api, people[Role.OPERATOR].id)["Authorization"].removeprefix("Bearer ")

    with Client(api.url, credential=key) as client:
        assert next(client.watch_all()).type == "snapshot"
    with Client(api.url) as nobody, pytest.raises(ApiError) as refused:
        next(nobody.watch_all())
    assert refused.value.problem.status == 401


def test_no_credential_is_in_any_log(
    api: Served, people: dict[Role, AccountView], caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    pair = log_in(api, "creator1")
    key = key_of(api, "local")["Authorization"].removeprefix("Bearer ")
    ticket = logins.make_ticket(api.pipeline.database, "local")
    shown = [PASSWORD, pair["access_token"], pair["refresh_token"], key, ticket, "wrong-one"]

    for text in (pair["access_token"], key, f"{key}x", f"{pair['access_token']}x"):
        httpx.get(f"{api.url}/api/assets", headers=bearer(text))
    httpx.post(f"{api.url}/login/ticket", json={"ticket": ticket})
    httpx.post(f"{api.url}/login", data={"name": "viewer1", "password": "wrong-one"})
    httpx.post(f"{api.url}/api/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    metrics = httpx.get(f"{api.url}/metrics").text

    said = json.dumps([record.getMessage() for record in caplog.records])
    out, err = capfd.readouterr()
    # Something was logged: refusals say why.
    assert "auth.token_refused" in out + err + said
    assert [text for text in shown if text in said + out + err + metrics] == []
