import socket

import pytest
from flask import Flask
from structlog.testing import capture_logs

from api.serving import serve_embedded, warn_if_open
from pipeline.core.errors import Refused


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "media.example"])
def test_an_address_others_can_reach_is_warned_about(host: str) -> None:
    with capture_logs() as logs:
        warn_if_open(host)
    assert [(line["event"], line["host"]) for line in logs] == [("http.open_to_others", host)]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_loopback_is_not(host: str) -> None:
    with capture_logs() as logs:
        warn_if_open(host)
    assert logs == []


def test_a_port_in_use_is_refused_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Refused) as refusal:
        serve_embedded(Flask("app"), "127.0.0.1", taken.getsockname()[1])
    assert refusal.value.instance_code == "http.bind"
    assert "REELMILL_HTTP_PORT" in refusal.value.remedy


def test_port_zero_picks_a_free_one_and_the_url_names_it() -> None:
    server = serve_embedded(Flask("app"), "127.0.0.1", 0)
    assert server.url == f"http://127.0.0.1:{server.port}"
    server.server_close()
