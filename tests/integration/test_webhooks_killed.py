"""A sender killed between its request and the commit after it repeats that one request."""

import os
import secrets
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx

from api.client import Client
from schemas.webhooks import WebhookRequest
from tests.support.house import is_serving
from tests.support.ports import free_port
from tests.support.receiver import Arrived, receiving, status
from tests.support.roles import Role
from tests.support.waiting import wait_until


class House(Role):
    """The embedded form."""

    name = "up"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {"egress_allow": "127.0.0.0/8", "secret": secrets.token_hex(32)})
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def argv(self) -> Sequence[str]:
        return [sys.executable, "-m", "compose.cli", "up", "--port", str(self._port)]

    def is_answering(self) -> bool:
        return is_serving(self.url)


def hand_in(url: str, n: int) -> None:
    for number in range(n):
        sent = httpx.post(f"{url}/api/assets", content=b"no film", params={"filename": str(number)})
        assert sent.status_code == 201


def test_a_killed_sender_repeats_one_request_with_its_id(tmp_path: Path) -> None:
    house = House(tmp_path / "house")

    def killing(_: Arrived, __: BaseHTTPRequestHandler) -> None:
        # What it came for is here; that it arrived is written nowhere yet.
        os.kill(house.pid, signal.SIGKILL)

    with receiving() as receiver, house:
        url = receiver.answer("/hook", status(204), status(204), killing, status(204))
        with Client(house.url) as client:
            made = client.webhooks.create(WebhookRequest(url=url, events=("asset.created",)))
        hand_in(house.url, 3)
        receiver.wait_for(3)
        wait_until(lambda: house.exit_code is not None)

        house.launch()
        wait_until(house.is_answering)
        hand_in(house.url, 2)
        receiver.wait_for(6)

        with Client(house.url) as client:
            wait_until(lambda: client.webhooks.show(made.id).n_delivered == 5)

    arrived = Counter(one.id for one in receiver.arrived)
    assert sorted(arrived.values()) == [1, 1, 1, 1, 2]
    third, fourth = receiver.arrived[2:4]
    assert (third.id, third.body) == (fourth.id, fourth.body)
    assert all(one.is_signed_with(made.secret) for one in receiver.arrived)
    assert [one.json["sequence"] for one in receiver.arrived] == [1, 2, 3, 3, 4, 5]
