"""``/api/webhooks`` over HTTP: made, shown, changed, tried, and nobody else's business."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.client import ApiError
from compose.scheduler import Scheduler
from pipeline.database.webhooks import DeliveryFilter
from pipeline.services import accounts, api_keys, cursors, webhooks
from pipeline.services.safe import Safe
from pipeline.services.webhooks import MAX_PER_ACCOUNT
from schemas.access import AccountRequest, KeyRequest
from schemas.identity import Scope
from schemas.webhooks import DeliveryState, WebhookChange, WebhookId, WebhookRequest
from tests.support.house import reelmill
from tests.support.receiver import Receiver, receiving, status
from tests.support.served import Served, serving
from tests.support.waiting import wait_until


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, egress_allow="127.0.0.0/8") as served:
        yield served


@pytest.fixture
def creator(tmp_path: Path) -> Iterator[Served]:
    """A server whose callers are no operators."""
    with serving(tmp_path, egress_allow="127.0.0.0/8", anonymous_role="creator") as served:
        yield served


def of_another(served: Served) -> WebhookId:
    """Make a webhook of an account that nobody here is."""
    pipeline = served.pipeline
    request = WebhookRequest(url="http://127.0.0.1:9/hook")
    safe = Safe.of(pipeline.secret, "webhooks")
    made = webhooks.create(pipeline.database, pipeline.outbound, safe, request, account="somebody")
    return made.id


def code_of(call: object) -> str:
    with pytest.raises(ApiError) as refused:
        call()  # type: ignore[operator]
    return refused.value.problem.code


def test_a_webhook_lives_and_its_secret_is_shown_once(served: Served, receiver: Receiver) -> None:
    calls = served.client.webhooks
    request = WebhookRequest(url=f"{receiver.url}/hook", events=("asset.*",), description="app")

    made = calls.create(request)
    shown = httpx.get(f"{served.url}/api/webhooks/{made.id}")
    listed = httpx.get(f"{served.url}/api/webhooks")
    changed = calls.change(made.id, WebhookChange(description="other", is_enabled=False))
    rotated = calls.rotate(made.id)

    assert made.secret.startswith("whsec_")
    assert rotated.secret != made.secret
    for answer in (shown, listed):
        assert "secret" not in answer.text.replace("previous_secret_until", "")
    assert changed.description == "other"
    assert changed.url == made.url
    assert changed.disabled_reason == "asked"
    assert calls.page().items[0].id == made.id
    calls.delete(made.id)
    assert code_of(lambda: calls.show(made.id)) == "webhook.not_found"


def test_a_ping_arrives_and_is_logged(served: Served, receiver: Receiver) -> None:
    calls = served.client.webhooks
    made = calls.create(WebhookRequest(url=receiver.answer("/hook", status(200, b"<b>hi</b>"))))
    scheduler = Scheduler(served.pipeline)
    scheduler.start()

    pinged = calls.test(made.id)

    arrived = receiver.wait_for(1)[0]
    assert arrived.is_signed_with(made.secret)
    assert arrived.json["type"] == "webhook.ping"
    wait_until(lambda: calls.delivery(made.id, pinged.id).state is DeliveryState.DELIVERED)
    logged = calls.delivery(made.id, pinged.id)
    assert logged.payload is not None
    assert json.loads(logged.payload) == arrived.json
    assert logged.attempts[0].response == "<b>hi</b>"
    assert calls.redeliver(made.id, pinged.id).state is DeliveryState.PENDING
    assert receiver.wait_for(2)[1].id == arrived.id
    assert [one.id for one in calls.deliveries(made.id).items] == [pinged.id]
    assert calls.deliveries(made.id, type="asset.ready").items == ()
    scheduler.stop()
    numbers = httpx.get(f"{served.url}/metrics").text
    assert 'reelmill_webhook_deliveries{state="delivered"} ' in numbers
    assert "reelmill_webhook_lag_seconds" in numbers


def test_another_accounts_webhook_is_not_there(creator: Served) -> None:
    calls, theirs = creator.client.webhooks, of_another(creator)

    for call in (
        lambda: calls.show(theirs),
        lambda: calls.change(theirs, WebhookChange(description="mine")),
        lambda: calls.delete(theirs),
        lambda: calls.rotate(theirs),
        lambda: calls.test(theirs),
        lambda: calls.deliveries(theirs),
    ):
        assert code_of(call) == "webhook.not_found"
    assert calls.page().items == ()


@pytest.mark.parametrize("number", [1e300, -1e300, 1e19])
def test_a_made_up_cursor_is_no_trouble(creator: Served, number: float) -> None:
    request = WebhookRequest(url="http://127.0.0.1:9/hook")
    made = creator.client.webhooks.create(request)
    cursor = cursors.encode((number, "a"), DeliveryFilter())

    answer = httpx.get(
        f"{creator.url}/api/webhooks/{made.id}/deliveries", params={"cursor": cursor}
    )

    assert (answer.status_code, answer.json()["items"]) == (200, [])


def test_only_operators_hear_of_everybody(creator: Served) -> None:
    request = WebhookRequest(url="http://127.0.0.1:9/hook", is_system_wide=True)

    assert code_of(lambda: creator.client.webhooks.create(request)) == "auth.forbidden"


def test_keys_do_what_their_scopes_say_with_their_own(tmp_path: Path) -> None:
    with serving(tmp_path, egress_allow="127.0.0.0/8", anonymous_role="") as served:
        database = served.pipeline.database
        mine, other = (
            accounts.create(database, AccountRequest(name=name)).id for name in ("mine", "other")
        )
        reads, writes, others = (
            {"Authorization": f"Bearer {api_keys.create(database, of, asked).key}"}
            for of, asked in (
                (mine, KeyRequest(name="r", scopes=(Scope.WEBHOOKS_READ,))),
                (mine, KeyRequest(name="w", scopes=(Scope.WEBHOOKS_WRITE,))),
                (other, KeyRequest(name="o")),
            )
        )
        at, wish = f"{served.url}/api/webhooks", {"url": "http://127.0.0.1:9/hook"}

        refused = [
            httpx.post(at, json=wish, headers=reads).status_code,
            httpx.get(at, headers=writes).status_code,
            httpx.get(at).status_code,
        ]
        made = httpx.post(at, json=wish, headers=writes).json()

        assert refused == [403, 403, 401]
        assert made["account"] == mine
        assert httpx.get(f"{at}/{made['id']}", headers=reads).is_success
        assert httpx.get(f"{at}/{made['id']}", headers=others).status_code == 404
        assert httpx.get(at, headers=others).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": 5},
        {"url": "https://app.example/", "events": []},
        {"url": "https://app.example/", "events": ["nothing.ever"]},
        {"url": "https://app.example/", "events": ["*"]},
        {"url": "https://app.example/", "events": ["asset.ready"] * 51},
        {"url": "https://app.example/", "description": "a\nb"},
        {"url": "https://app.example/", "description": "x" * 256},
        {"url": "https://app.example/", "secret": "mine"},
        {"url": "https://app.example/", "account": "other"},
    ],
    ids=str,
)
def test_bad_wishes_are_refused(served: Served, body: dict[str, object]) -> None:
    answer = httpx.post(f"{served.url}/api/webhooks", json=body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "request.invalid"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "url.scheme"),
        ("ftp://app.example/", "url.scheme"),
        ("https://user:pass@app.example/", "url.credentials"),
        ("http://169.254.169.254/latest/", "url.private"),
        ("https://8.8.8.8:22/", "url.port"),
    ],
)
def test_bad_addresses_are_refused_with_their_code(served: Served, url: str, code: str) -> None:
    made = served.client.webhooks.create(WebhookRequest(url="http://127.0.0.1:9/hook"))

    for method, path in (("POST", ""), ("PATCH", f"/{made.id}")):
        answer = httpx.request(method, f"{served.url}/api/webhooks{path}", json={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert served.client.webhooks.show(made.id).url == "http://127.0.0.1:9/hook"


def test_disabled_and_too_many_are_conflicts(served: Served) -> None:
    calls = served.client.webhooks
    made = calls.create(WebhookRequest(url="http://127.0.0.1:9/hook", is_enabled=False))

    assert code_of(lambda: calls.test(made.id)) == "webhook.disabled"
    for n in range(1, MAX_PER_ACCOUNT):
        calls.create(WebhookRequest(url=f"http://127.0.0.1:9/{n}"))
    one_more = WebhookRequest(url="http://127.0.0.1:9/more")
    assert code_of(lambda: calls.create(one_more)) == "webhook.too_many"


def test_the_command_line_does_all_of_it(served: Served, receiver: Receiver) -> None:
    server = ("--server", served.url)
    scheduler = Scheduler(served.pipeline)
    scheduler.start()

    added = reelmill(
        *("webhooks", "add", f"{receiver.url}/hook", "--event", "asset.*", "--json"), *server
    ).json
    tried = reelmill("webhooks", "test", added["id"], "--json", *server).json
    receiver.wait_for(1)
    wait_until(
        lambda: served.client.webhooks.show(added["id"]).n_delivered == 1,
    )
    listed = reelmill("webhooks", "list", *server)
    log = reelmill("webhooks", "deliveries", added["id"], *server)
    again = reelmill("webhooks", "redeliver", added["id"], tried["id"], *server)
    receiver.wait_for(2)
    removed = reelmill("webhooks", "remove", added["id"], *server)
    scheduler.stop()

    assert "enabled" in listed.out
    assert added["secret"] not in listed.out
    assert "webhook.ping" in log.out
    assert "204" in log.out
    assert [one.code for one in (listed, log, again, removed)] == [0, 0, 0, 0]
    assert served.client.webhooks.page().items == ()
    assert reelmill("webhooks", "add", "http://127.0.0.1:9/", "--event", "x", *server).code == 2
