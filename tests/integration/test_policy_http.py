"""Every endpoint asked by every kind of caller: who gets in is what the one table says."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from werkzeug.routing import Rule as Route

from api.policy import POLICY
from pipeline.core.access import allows
from pipeline.services import accounts, api_keys
from schemas.access import AccountRequest, KeyRequest
from schemas.identity import Identity, Role, Scope
from tests.support.served import Served, serving

#: What the guard answers with, before an endpoint has any part in it.
GUARD = {"auth.required", "auth.forbidden"}


@dataclass(frozen=True)
class Caller:
    """Somebody, and what they show."""

    who: Identity | None
    headers: dict[str, str]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("policy")
    with serving(folder, anonymous_role="", rate_limits="never") as served:
        yield served


@pytest.fixture(scope="module")
def callers(api: Served) -> dict[str, Caller]:
    """Nobody; one of each role; keys of an admin narrowed to each scope."""
    found = {"nobody": Caller(None, {})}
    for role in Role:
        found[role] = caller(api, role, None)
    for scope in Scope:
        found[scope] = caller(api, Role.ADMIN, scope)
    # A wide key of a small role.
    found["viewer with all scopes"] = caller(api, Role.VIEWER, *Scope)
    return found


def caller(api: Served, role: Role, *scopes: Scope | None) -> Caller:
    name = f"{role}-{'-'.join(str(scope).replace(':', '.') for scope in scopes)}"[:60]
    database = api.pipeline.database
    made = accounts.create(database, AccountRequest(name=name.lower(), role=role))
    narrowed = tuple(scope for scope in scopes if scope is not None) or None
    key = api_keys.create(database, made.id, KeyRequest(name="test", scopes=narrowed))
    who = Identity(
        account=made.id, role=role, scopes=frozenset(narrowed) if narrowed else None, key_id=key.id
    )
    return Caller(who, {"Authorization": f"Bearer {key.key}"})


def address(route: Route) -> str:
    """Fill the blanks with what names nothing."""
    parts = ["none" if is_blank else part for is_blank, part in route._trace]  # type: ignore[attr-defined]
    return "".join(parts).partition("|")[2]


def asked(api: Served) -> Iterator[tuple[str, str, str]]:
    for route in api.app.url_map.iter_rules():
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            yield route.endpoint, method, address(route)


def test_who_gets_in_is_what_the_table_says(api: Served, callers: dict[str, Caller]) -> None:
    wrong, n_asked = [], 0
    with httpx.Client(base_url=api.url, timeout=30) as client:
        for endpoint, method, path in asked(api):
            for name, one in callers.items():
                answer = client.request(method, path, headers=one.headers)
                n_asked += 1
                said = code_of(answer)
                is_let_in = said not in GUARD
                if is_let_in != allows(POLICY[endpoint], one.who):
                    wrong.append((endpoint, method, name, answer.status_code, said))
                if not is_let_in and (answer.status_code == 401) != (one.who is None):
                    wrong.append((endpoint, method, name, answer.status_code, said))

    assert wrong == []
    assert n_asked > 500


def code_of(answer: httpx.Response) -> str:
    is_problem = answer.headers.get("Content-Type") == "application/problem+json"
    return str(answer.json()["code"]) if is_problem else ""


@pytest.mark.parametrize("spoilt", ["unknown", "revoked", "expired", "disabled"])
def test_credentials_that_count_no_more_open_nothing(api: Served, spoilt: str) -> None:
    database = api.pipeline.database
    made = accounts.create(database, AccountRequest(name=f"spoilt-{spoilt}", role=Role.ADMIN))
    key = api_keys.create(database, made.id, KeyRequest(name="test"))
    text = key.key
    if spoilt == "unknown":
        text = f"{key.key[:-4]}AAAA"
    elif spoilt == "revoked":
        api_keys.revoke(database, key.id, owner=None)
    elif spoilt == "disabled":
        with database.write() as tx:
            tx.accounts.change(made.id, is_disabled=True)
    else:
        with database.write() as tx:
            row = tx.api_keys.get(key.id)
            assert row is not None
            tx.api_keys.delete_named(made.id, "test")
            tx.api_keys.add(row, life_s=-1)
    opened = []
    with httpx.Client(base_url=api.url, headers={"Authorization": f"Bearer {text}"}) as client:
        for endpoint, method, path in asked(api):
            answer = client.request(method, path)
            if POLICY[endpoint].role is not None and answer.status_code != 401:
                opened.append((endpoint, method, answer.status_code))

    assert opened == []
