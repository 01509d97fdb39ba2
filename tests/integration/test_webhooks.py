"""Deliveries over real HTTP: signed, tried again, broken off, and never to where we do not go."""

from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from compose.scheduler import Scheduler
from pipeline.bootstrap import Pipeline, build
from pipeline.core.errors import UrlRefused
from pipeline.services import deliveries, webhooks
from pipeline.services.safe import Safe
from pipeline.services.sending import Sender
from pipeline.settings import Settings
from schemas.webhooks import (
    DeliveryState,
    DeliveryView,
    Outcome,
    WebhookChange,
    WebhookRequest,
    WebhookWithSecret,
)
from tests.support.hooks import asset_of, happen
from tests.support.ports import free_port
from tests.support.private_urls import PRIVATE_URLS
from tests.support.receiver import Arrived, Receiver, receiving, status
from tests.support.waiting import wait_until

LOOPBACK = "127.0.0.0/8"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    pipeline = build(Settings(data_dir=tmp_path, egress_allow=LOOPBACK, _env_file=None))
    yield pipeline
    pipeline.close()


@pytest.fixture
def scheduler(pipeline: Pipeline) -> Iterator[Scheduler]:
    scheduler = Scheduler(pipeline)
    scheduler.start()
    yield scheduler
    scheduler.stop()


def hook(pipeline: Pipeline, url: str, **wished: object) -> WebhookWithSecret:
    request = WebhookRequest.model_validate({"url": url, **wished})
    safe = Safe.of(pipeline.secret, "webhooks")
    return webhooks.create(pipeline.database, pipeline.outbound, safe, request, account="local")


def sender(pipeline: Pipeline, total_s: float = 12.0) -> Sender:
    safe = Safe.of(pipeline.secret, "webhooks")
    return Sender(pipeline.database, pipeline.outbound, safe, total_s=total_s)


def log(pipeline: Pipeline, made: WebhookWithSecret) -> list[DeliveryView]:
    """Read the whole log of a webhook, oldest first."""
    listed = deliveries.page(pipeline.database, made.id, cursor=None, limit=1000).items
    return list(listed)[::-1]


def ended(pipeline: Pipeline, made: WebhookWithSecret, n: int) -> list[DeliveryView]:
    """Wait until the answers of so many are written."""
    wait_until(lambda: sum(one.n_attempts for one in log(pipeline, made)) >= n, timeout_s=30)
    return log(pipeline, made)


def ping_once(
    pipeline: Pipeline, made: WebhookWithSecret, *, total_s: float = 12.0
) -> DeliveryView:
    """Send one ping by hand, and show how it went."""
    pinged = deliveries.ping(pipeline.database, made.id)
    sender(pipeline, total_s).send(made.id, limit=1)
    return deliveries.show(pipeline.database, made.id, pinged.id)


def test_what_happens_arrives_signed_and_in_order(
    pipeline: Pipeline, scheduler: Scheduler, receiver: Receiver
) -> None:
    made = hook(pipeline, f"{receiver.url}/hook")
    asset_id = asset_of(pipeline.database, "local", {"course": "7b"})

    happen(pipeline.database, asset_id, 20)

    arrived = receiver.wait_for(20)
    assert all(one.is_signed_with(made.secret) for one in arrived)
    assert [one.json["sequence"] for one in arrived] == list(range(1, 21))
    assert {one.json["asset_metadata"]["course"] for one in arrived} == {"7b"}
    assert [one.json["delivery_id"] for one in arrived] == [one.id for one in arrived]
    assert {one.headers["content-type"] for one in arrived} == {"application/json"}
    assert {one.state for one in ended(pipeline, made, 20)} == {DeliveryState.DELIVERED}
    shown = deliveries.show(pipeline.database, made.id, log(pipeline, made)[0].id)
    assert shown.payload is not None
    assert shown.payload.encode() == arrived[0].body


def test_a_failure_is_repeated_with_the_same_id_and_body(
    pipeline: Pipeline, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.core.webhooks.DELAYS_S", (0.0, 0.0))
    url = receiver.answer("/hook", status(500, b"not now"), status(200, b"thanks"))
    made = hook(pipeline, url)
    pinged = deliveries.ping(pipeline.database, made.id)

    sender(pipeline).send(made.id, limit=5)

    first, second = receiver.arrived
    assert (first.id, first.body) == (second.id, second.body)
    assert second.is_signed_with(made.secret)
    shown = deliveries.show(pipeline.database, made.id, pinged.id)
    assert shown.state is DeliveryState.DELIVERED
    assert [(one.status, one.response) for one in shown.attempts] == [
        (500, "not now"),
        (200, "thanks"),
    ]


@pytest.mark.parametrize("code", [200, 201, 204, 299])
def test_every_2xx_is_an_arrival(pipeline: Pipeline, receiver: Receiver, code: int) -> None:
    made = hook(pipeline, receiver.answer("/hook", status(code)))

    assert ping_once(pipeline, made).state is DeliveryState.DELIVERED


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_redirects_are_not_followed(pipeline: Pipeline, receiver: Receiver, code: int) -> None:
    elsewhere = status(code, Location=f"{receiver.url}/elsewhere")
    made = hook(pipeline, receiver.answer("/hook", elsewhere))

    shown = ping_once(pipeline, made)

    assert shown.state is DeliveryState.PENDING
    assert (shown.attempts[0].outcome, shown.attempts[0].status) == (Outcome.REDIRECTED, code)
    assert receiver.at("/elsewhere") == []


def test_gone_disables(pipeline: Pipeline, receiver: Receiver) -> None:
    made = hook(pipeline, receiver.answer("/hook", status(410)))

    assert ping_once(pipeline, made).state is DeliveryState.FAILED
    assert not webhooks.show(pipeline.database, made.id).is_enabled


def test_a_receiver_that_asks_for_time_gets_it(pipeline: Pipeline, receiver: Receiver) -> None:
    made = hook(pipeline, receiver.answer("/hook", status(429, Retry_After="120")))

    shown = ping_once(pipeline, made)

    assert shown.next_at is not None
    assert 100 < (shown.next_at - shown.created_at).total_seconds() < 130
    assert sender(pipeline).send(made.id, limit=1) == 0, "it was not left alone"


@pytest.mark.parametrize(
    "text", ["Mon, 99999999999999999999 Jan 2020 00:00:00 GMT", "9" * 400, "soon"]
)
def test_a_pause_that_means_nothing_stops_nothing(
    pipeline: Pipeline, receiver: Receiver, text: str
) -> None:
    made = hook(pipeline, receiver.answer("/hook", status(503, Retry_After=text)))

    shown = ping_once(pipeline, made)

    assert [one.status for one in shown.attempts] == [503]
    assert shown.next_at is not None


def test_an_answer_that_never_comes_is_given_up(pipeline: Pipeline, receiver: Receiver) -> None:
    def silent(_: Arrived, __: BaseHTTPRequestHandler) -> None:
        receiver.is_over.wait(20)

    made = hook(pipeline, receiver.answer("/hook", silent))

    attempt = ping_once(pipeline, made, total_s=0.5).attempts[0]

    assert attempt.outcome is Outcome.TIMED_OUT
    assert attempt.took_s < 5


def test_an_answer_that_drips_is_given_up(pipeline: Pipeline, receiver: Receiver) -> None:
    def dripping(_: Arrived, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while not receiver.is_over.wait(0.1):
            handler.wfile.write(b"x")

    made = hook(pipeline, receiver.answer("/hook", dripping))

    attempt = ping_once(pipeline, made, total_s=0.7).attempts[0]

    assert attempt.outcome is Outcome.TIMED_OUT
    assert attempt.took_s < 5


def test_of_a_huge_answer_the_beginning_is_read(pipeline: Pipeline, receiver: Receiver) -> None:
    sent_bytes = []

    def endless(_: Arrived, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while not receiver.is_over.is_set():
            sent_bytes.append(handler.wfile.write(b"x" * 65536))

    made = hook(pipeline, receiver.answer("/hook", endless))

    shown = ping_once(pipeline, made)

    assert shown.state is DeliveryState.DELIVERED
    assert shown.attempts[0].response == "x" * 1024
    assert shown.attempts[0].took_s < 5


def test_a_2xx_whose_body_breaks_off_has_arrived(pipeline: Pipeline, receiver: Receiver) -> None:
    def cut(_: Arrived, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    made = hook(pipeline, receiver.answer("/hook", cut))

    assert ping_once(pipeline, made).state is DeliveryState.DELIVERED


def test_nobody_there_is_tried_again(pipeline: Pipeline) -> None:
    made = hook(pipeline, f"http://127.0.0.1:{free_port()}/hook")

    shown = ping_once(pipeline, made)

    assert shown.state is DeliveryState.PENDING
    assert shown.attempts[0].outcome is Outcome.UNREACHABLE


def test_private_addresses_are_refused_when_a_webhook_is_made(tmp_path: Path) -> None:
    pipeline = build(Settings(data_dir=tmp_path, _env_file=None))
    codes: dict[str, str] = {}

    for url in PRIVATE_URLS:
        with pytest.raises(UrlRefused) as refused:
            hook(pipeline, url)
        codes[url] = refused.value.instance_code

    assert codes == PRIVATE_URLS
    assert webhooks.page(pipeline.database, cursor=None, limit=9).items == ()
    pipeline.close()


def test_a_name_that_comes_to_lead_inside_is_refused_when_it_is_sent(
    pipeline: Pipeline, tmp_path: Path, receiver: Receiver
) -> None:
    made = hook(pipeline, f"{receiver.url}/hook")
    strict = build(Settings(data_dir=tmp_path, _env_file=None))

    shown = ping_once(replace(pipeline, outbound=strict.outbound), made)
    strict.close()

    assert shown.attempts[0].outcome is Outcome.FORBIDDEN
    assert receiver.arrived == []


def test_both_secrets_sign_after_a_rotation(pipeline: Pipeline, receiver: Receiver) -> None:
    made = hook(pipeline, f"{receiver.url}/hook")

    rotated = webhooks.rotate(pipeline.database, Safe.of(pipeline.secret, "webhooks"), made.id)
    ping_once(pipeline, made)

    assert receiver.arrived[0].is_signed_with(made.secret)
    assert receiver.arrived[0].is_signed_with(rotated.secret)


def test_a_secret_nobody_can_read_sends_nothing(
    pipeline: Pipeline, tmp_path: Path, receiver: Receiver
) -> None:
    made = hook(pipeline, f"{receiver.url}/hook")
    pinged = deliveries.ping(pipeline.database, made.id)
    other = Sender(
        pipeline.database, pipeline.outbound, Safe.of(b"another installation's", "webhooks")
    )

    other.send(made.id, limit=1)

    shown = deliveries.show(pipeline.database, made.id, pinged.id)
    assert shown.attempts[0].outcome is Outcome.UNSIGNED
    assert receiver.arrived == []


def test_stopping_breaks_a_request_off_and_another_makes_it_again(
    pipeline: Pipeline, receiver: Receiver
) -> None:
    def silent(_: Arrived, __: BaseHTTPRequestHandler) -> None:
        receiver.is_over.wait(20)

    made = hook(pipeline, receiver.answer("/hook", silent, status(204)))
    first, second = Scheduler(pipeline), Scheduler(pipeline)
    first.start()
    deliveries.ping(pipeline.database, made.id)
    first._dispatcher.wake()
    receiver.wait_for(1)

    first.stop()
    second.start()

    one, other = receiver.wait_for(2)
    assert one.id == other.id
    assert ended(pipeline, made, 1)[0].state is DeliveryState.DELIVERED
    second.stop()


def test_two_schedulers_send_everything_once(pipeline: Pipeline, receiver: Receiver) -> None:
    made = [hook(pipeline, f"{receiver.url}/{n}") for n in range(4)]
    asset_id = asset_of(pipeline.database, "local")
    schedulers = [Scheduler(pipeline) for _ in range(2)]
    for each in schedulers:
        each.start()

    happen(pipeline.database, asset_id, 25)

    receiver.wait_for(100)
    for one in made:
        ended(pipeline, one, 25)
    for each in schedulers:
        each.stop()
    assert len({one.id for one in receiver.arrived}) == len(receiver.arrived) == 100


def test_one_that_is_dead_keeps_nobody_waiting(
    pipeline: Pipeline, scheduler: Scheduler, receiver: Receiver
) -> None:
    def silent(_: Arrived, __: BaseHTTPRequestHandler) -> None:
        receiver.is_over.wait(60)

    hook(pipeline, receiver.answer("/dead", silent))
    for n in range(5):
        hook(pipeline, f"{receiver.url}/{n}")
    asset_id = asset_of(pipeline.database, "local")

    happen(pipeline.database, asset_id, 30)

    for n in range(5):
        assert len(receiver.wait_for(30, f"/{n}")) == 30
    assert len(receiver.at("/dead")) == 1, "the dead one was waited for"


def test_a_redelivery_is_sent_by_the_scheduler(
    pipeline: Pipeline, scheduler: Scheduler, receiver: Receiver
) -> None:
    made = hook(pipeline, f"{receiver.url}/hook", events=["asset.ready"])
    happen(pipeline.database, asset_of(pipeline.database, "local"))
    delivered = ended(pipeline, made, 1)[0]

    deliveries.redeliver(pipeline.database, made.id, delivered.id)
    scheduler._dispatcher.wake()

    first, second = receiver.wait_for(2)
    assert (first.id, first.body) == (second.id, second.body)
    off = WebhookChange(is_enabled=False)
    webhooks.change(pipeline.database, pipeline.outbound, made.id, off)
