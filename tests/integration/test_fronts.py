"""nginx-rtmp, SRS and MediaMTX in front of the door, by the requests their documentation shows."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.services import accounts, stream_keys, streams
from schemas.access import AccountChange, AccountRequest
from schemas.identity import Role
from schemas.streams import SessionState
from tests.support.broadcasting import Channel, channel, publish, shown, touch
from tests.support.served import Served, serving

SECRET = "front-secret-front-secret"
SERVERS = ("nginx", "srs", "mediamtx")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    settings = {"rtmp_hook_secret": SECRET, "rtmp_hook_ends": True, "rate_auth": 4}
    with serving(tmp_path, rate_limits="always", **settings) as served:
        yield served


def said(server: str, key: str, what: str = "publish") -> dict[str, Any]:
    """Say it as each server does."""
    if server == "nginx":
        done = {"publish": "publish", "unpublish": "publish_done"}[what]
        form = {
            "app": "live",
            "flashver": "FMLE/3.0",
            "swfurl": "",
            "pageurl": "",
            "clientid": "7",
            "tcurl": "rtmp://front/live",
            "addr": "203.0.113.9",
            "epoch": "1",
            "type": "live",
        }
        return {"data": {**form, "call": done, "name": key}}
    if server == "srs":
        body = {
            "server_id": "vid-0",
            "service_id": "q1",
            "action": f"on_{what}",
            "client_id": "9",
            "ip": "203.0.113.9",
            "vhost": "_",
            "app": "live",
            "tcUrl": "rtmp://front/live",
            "stream": key,
            "param": "?a=b",
            "stream_url": f"/live/{key}",
            "stream_id": "x",
        }
        return {"json": body}
    return {
        "json": {
            "user": "",
            "password": "",
            "token": "",
            "ip": "203.0.113.9",
            "action": what,
            "path": f"live/{key}",
            "protocol": "rtmp",
            "id": "1",
            "query": "",
            "userAgent": "",
        }
    }


def ask(
    served: Served, server: str, key: str, what: str = "publish", secret: str = SECRET
) -> httpx.Response:
    at = f"{served.url}/hooks/rtmp/{server}/~{secret}"
    return httpx.post(at, **said(server, key, what))


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("server", SERVERS)
def test_a_key_that_counts_may_publish_and_opens_nothing(served: Served, server: str) -> None:
    database = served.pipeline.database
    mine = channel(database)

    answer = ask(served, server, mine.secret)

    assert (answer.status_code, answer.json()) == (200, {"code": 0})
    assert shown(database, mine.id).sessions == ()


@pytest.mark.parametrize("server", SERVERS)
def test_keys_are_refused_as_the_door_refuses_them(served: Served, server: str) -> None:
    database = served.pipeline.database
    revoked, busy = channel(database), channel(database)
    stream_keys.revoke(database, revoked.key_id, owner=None)
    touch(database, publish(database, busy.secret))
    disabled = of_a_disabled_account(served)

    assert code_of(ask(served, server, busy.secret[:-1])) == (401, "stream.key_unknown")
    assert code_of(ask(served, server, "")) == (401, "stream.key_unknown")
    assert code_of(ask(served, server, revoked.secret)) == (403, "stream.key_revoked")
    assert code_of(ask(served, server, busy.secret)) == (409, "stream.busy")
    assert code_of(ask(served, server, disabled.secret)) == (403, "stream.account_disabled")
    streams.delete(database, busy.id, owner=None)
    assert code_of(ask(served, server, busy.secret)) == (401, "stream.key_unknown")


def of_a_disabled_account(served: Served) -> Channel:
    database = served.pipeline.database
    made = accounts.create(database, AccountRequest(name="gone", role=Role.CREATOR))
    mine = channel(database, account=made.id)
    accounts.change(database, made.id, AccountChange(is_disabled=True))
    return mine


@pytest.mark.parametrize("server", SERVERS)
def test_a_secret_is_shown_in_some_way(served: Served, server: str) -> None:
    key = channel(served.pipeline.database).secret
    at = f"{served.url}/hooks/rtmp/{server}"
    basic = base64.b64encode(f"reelmill:{SECRET}".encode()).decode()

    ways = [f"Bearer {SECRET}", f"Basic {basic}", "Bearer nonsense", "Basic ?", ""]
    answers = [
        httpx.post(at, headers={"Authorization": way} if way else {}, **said(server, key))
        for way in ways
    ]

    assert [one.status_code for one in answers] == [200, 200, 403, 403, 403]
    assert code_of(answers[2]) == (403, "front.secret")
    assert code_of(ask(served, server, key, secret=SECRET[:-1])) == (403, "front.secret")
    # The fifth in vain within a minute.
    assert code_of(ask(served, server, key, secret="x")) == (429, "rate.limited")
    assert ask(served, server, key).status_code == 200


def test_whoever_tries_keys_is_counted_and_not_the_server(served: Served) -> None:
    key = channel(served.pipeline.database).secret

    tries = [ask(served, "nginx", f"wrong-{n}").status_code for n in range(6)]

    assert tries == [401] * 4 + [429] * 2
    assert ask(served, "nginx", key).status_code == 200


@pytest.mark.parametrize("server", ["nginx", "srs"])
def test_their_word_that_a_publisher_has_gone_ends_a_broadcast(served: Served, server: str) -> None:
    database = served.pipeline.database
    mine = channel(database, grace_s=600)
    session = publish(database, mine.secret)

    assert ask(served, server, mine.secret, "unpublish").status_code == 200

    (found,) = shown(database, mine.id).sessions
    assert (found.id, found.state) == (session.id, SessionState.CLOSED)
    assert ask(served, server, mine.secret, "unpublish").status_code == 200


def test_what_is_let_in_may_be_read_to_be_pushed_on(served: Served) -> None:
    database = served.pipeline.database
    mine = channel(database)
    touch(database, publish(database, mine.secret))

    assert ask(served, "mediamtx", mine.secret, "read").status_code == 200
    assert code_of(ask(served, "mediamtx", mine.secret, "publish")) == (409, "stream.busy")
    assert code_of(ask(served, "mediamtx", mine.secret, "api")) == (403, "front.action")
    assert code_of(ask(served, "mediamtx", "nobodys", "read")) == (401, "stream.key_unknown")


@pytest.mark.parametrize("server", ["srs", "mediamtx"])
@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 50_000, json.dumps("text")])
def test_bodies_of_another_form_are_refused(served: Served, server: str, body: str) -> None:
    at = f"{served.url}/hooks/rtmp/{server}/~{SECRET}"

    assert code_of(httpx.post(at, content=body)) == (400, "request.malformed")


def test_values_of_another_form_are_no_keys(served: Served) -> None:
    at = f"{served.url}/hooks/rtmp/srs/~{SECRET}"
    body = {"action": "on_publish", "stream": {"a": 1}, "ip": 7}

    assert code_of(httpx.post(at, json=body)) == (401, "stream.key_unknown")
    assert httpx.post(at, content=b" " * 100_000).status_code == 413


def test_without_a_secret_nobody_is_answered(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        key = channel(served.pipeline.database).secret

        assert code_of(ask(served, "nginx", key, secret="")) == (404, "http.404")
        assert code_of(ask(served, "nginx", key)) == (404, "front.off")


def test_neither_key_nor_secret_is_logged(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    key = channel(served.pipeline.database).secret

    ask(served, "srs", key)
    ask(served, "srs", f"{key}x")

    logged = capsys.readouterr()
    assert "/hooks/rtmp/srs" in logged.out
    assert SECRET not in logged.out + logged.err
    assert key not in logged.out + logged.err
