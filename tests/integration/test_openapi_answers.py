"""What the description says can happen does: refusals of a form on every operation there is."""

import re
from collections.abc import Iterator
from functools import cache

import httpx
import pytest
from pydantic import BaseModel

from api.openapi.admission import rule_of
from api.openapi.operation import Operation
from api.openapi.refusals import refusals, takes_key
from api.openapi.table import OPERATIONS
from pipeline.services import accounts, api_keys, profiles
from schemas.access import AccountRequest, KeyRequest
from schemas.identity import Role
from tests.support.product import ROOT
from tests.support.served import Served, serving

_ARGUMENT = re.compile(r"<(?:[^:<>]+:)?[^<>]+>")
_NUMBER = re.compile(r"<int[^>]*>")
#: Of a form, not of the operation's own; what they are is asked below.
GUARDED = [one for one in OPERATIONS if rule_of(one).role is not None]
WITH_JSON = [
    one for one in OPERATIONS if isinstance(one.body, type) and issubclass(one.body, BaseModel)
]


def named(one: Operation) -> str:
    return f"{one.method} {one.endpoint}"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("data")
    with serving(folder, anonymous_role="", rate_limits="never") as served:
        yield served


@pytest.fixture(scope="module")
def admin(api: Served) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_keys.house_key(api.pipeline.database, '')}"}


@pytest.fixture(scope="module")
def viewer(api: Served) -> dict[str, str]:
    database = api.pipeline.database
    account = accounts.create(database, AccountRequest(name="watcher", role=Role.VIEWER))
    made = api_keys.create(database, account.id, KeyRequest(name="k"))
    return {"Authorization": f"Bearer {made.key}"}


def filled(rule: str) -> str:
    """Put an id, or a number, where a rule has an argument."""
    return _ARGUMENT.sub("0193f2a4c1e87d3b5a90c6e14f27", _NUMBER.sub("7", rule))


def ask(
    api: Served, one: Operation, headers: dict[str, str], *, body: bytes = b"", query: str = ""
) -> httpx.Response:
    rules = api.app.url_map.iter_rules(one.endpoint)
    rule = next(rule for rule in rules if one.method in (rule.methods or ()))
    path = filled(rule.rule)
    return httpx.request(
        one.method, f"{api.url}{path}{query}", headers=headers, content=body, timeout=20
    )


def assert_documented(one: Operation, answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    if one.method != "HEAD":
        assert answer.json()["code"] == code
    documented = refusals(one, has_path=True)
    assert code in documented[status]


@pytest.mark.parametrize("one", GUARDED, ids=named)
def test_nobody_known_is_asked_for_credentials(api: Served, one: Operation) -> None:
    assert_documented(one, ask(api, one, {}), 401, "auth.required")
    wrong = ask(api, one, {"Authorization": "Bearer nonsense"})
    assert wrong.status_code == 401
    if one.method != "HEAD":
        assert wrong.json()["code"] in refusals(one)[401]


@pytest.mark.parametrize("one", GUARDED, ids=named)
def test_a_viewer_is_kept_out(api: Served, viewer: dict[str, str], one: Operation) -> None:
    if rule_of(one).role is not Role.VIEWER:
        assert_documented(one, ask(api, one, viewer), 403, "auth.forbidden")


@pytest.mark.parametrize("one", WITH_JSON, ids=named)
def test_a_body_is_checked(api: Served, admin: dict[str, str], one: Operation) -> None:
    typed = {**admin, "Content-Type": "application/json"}

    plain = ask(api, one, {**admin, "Content-Type": "text/plain"}, body=b"{}")
    wrong = ask(api, one, typed, body=b'{"surprise": 1}')
    large = ask(api, one, typed, body=b'{"surprise": "' + b"x" * 300_000 + b'"}')

    assert_documented(one, plain, 415, "http.415")
    assert_documented(one, wrong, 400, "request.invalid")
    assert_documented(one, large, 413, "request.too_large")


@pytest.mark.parametrize(
    "one",
    [one for one in OPERATIONS if one.query is not None and not one.endpoint.startswith("login")],
    ids=named,
)
def test_a_query_is_checked(api: Served, admin: dict[str, str], one: Operation) -> None:
    handshake = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "eA=="}
    if "sockets" in one.endpoint:
        # They look at the handshake first, and OpenAPI has no word for it.
        answer = ask(api, one, {**admin, **handshake}, query="?surprise=1")
        assert answer.status_code == 400
        return
    assert_documented(one, ask(api, one, admin, query="?surprise=1"), 400, "request.invalid")


@pytest.mark.parametrize("one", [one for one in OPERATIONS if takes_key(one)], ids=named)
def test_a_key_is_checked(api: Served, admin: dict[str, str], one: Operation) -> None:
    answer = ask(api, one, {**admin, "Idempotency-Key": "a b"})

    assert_documented(one, answer, 400, "idempotency.malformed")


@pytest.mark.parametrize(
    "one", [one for one in GUARDED if one.method not in {"GET", "HEAD"}], ids=named
)
def test_another_sites_page_is_kept_out(api: Served, admin: dict[str, str], one: Operation) -> None:
    answer = ask(api, one, {**admin, "Origin": "https://evil.example"})

    assert answer.status_code == 403
    assert answer.json()["code"] in refusals(one)[403]


@pytest.mark.parametrize(
    "one",
    [one for one in GUARDED if one.problems.get(404) and one.body is None],
    ids=named,
)
def test_what_is_not_there_is_not_found(api: Served, admin: dict[str, str], one: Operation) -> None:
    answer = ask(api, one, {**admin, "Tus-Resumable": "1.0.0"})

    assert answer.status_code == 404
    if one.method != "HEAD":
        assert answer.json()["code"] in one.problems[404]


@pytest.mark.parametrize("one", OPERATIONS, ids=named)
def test_another_method_is_told_which_ones_there_are(
    api: Served, admin: dict[str, str], one: Operation
) -> None:
    rule = next(iter(api.app.url_map.iter_rules(one.endpoint)))
    path = filled(rule.rule)

    answer = httpx.request("TRACE", f"{api.url}{path}", headers=admin)

    assert answer.status_code == 405
    assert one.method in answer.headers["Allow"].replace(" ", "").split(",")


UNKNOWN = "0193f2a4c1e87d3b5a90c6e14f27"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/api/queues/none/pause", 404, "queue.not_found"),
        ("POST", "/api/queues/none/resume", 404, "queue.not_found"),
        ("POST", f"/api/workers/{UNKNOWN}/drain", 404, "worker.not_found"),
        ("POST", "/api/upload/video/tus", 412, "upload.version"),
        ("PATCH", f"/api/upload/video/tus/{UNKNOWN}", 412, "upload.version"),
        ("DELETE", f"/api/upload/video/tus/{UNKNOWN}", 412, "upload.version"),
        ("GET", "/api/events", 400, "http.400"),
        ("GET", f"/api/jobs/{UNKNOWN}/events", 400, "http.400"),
        ("GET", f"/media/{UNKNOWN}/master.m3u8", 404, "asset.not_found"),
        ("GET", "/static/nothing.js", 404, "http.404"),
        ("GET", f"/api/profiles/{UNKNOWN}", 404, "profile.unknown"),
        ("DELETE", "/api/profiles/default", 409, "profile.read_only"),
    ],
)
def test_an_operations_own_refusals_occur(
    api: Served, admin: dict[str, str], method: str, path: str, status: int, code: str
) -> None:
    answer = httpx.request(method, f"{api.url}{path}", headers=admin)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_there_are_not_too_many_profiles(api: Served, admin: dict[str, str]) -> None:
    with api.pipeline.database.write() as tx:
        for number in range(profiles.MOST_PROFILES):
            tx.profiles.add(f"many-{number}", {"ladder": []})

    answer = httpx.put(f"{api.url}/api/profiles/one-more", json={"extends": "fast"}, headers=admin)

    assert (answer.status_code, answer.json()["code"]) == (409, "profile.too_many")


#: Seen where what they are about is tested, by their class or message instead of their name.
ELSEWHERE = {
    "delivery.not_found",
    "http.403",
    "http.416",
    "job.nothing_to_retry",
    "job.stopping",
    "lease.lost",
    "media.not_found",
    "playback.hls_only",
    "playback.not_ready",
    "rendition.not_found",
    "upload.taken_over",
    "websocket.ticket_invalid",
}


@cache
def spoken_of() -> str:
    return "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))


@pytest.mark.parametrize("one", [one for one in OPERATIONS if one.problems], ids=named)
def test_every_code_of_an_operation_is_seen_by_some_test(one: Operation) -> None:
    """That it can occur is shown where the part is tested; none may be there on paper alone."""
    codes = {code for found in one.problems.values() for code in found} - ELSEWHERE

    assert sorted(code for code in codes if f'"{code}"' not in spoken_of()) == []
