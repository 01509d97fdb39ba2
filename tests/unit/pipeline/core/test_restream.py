"""Addresses that streams are pushed on to, and the pauses between tries."""

import pytest

from pipeline.core.errors import UrlRefused
from pipeline.core.restream import destination, pause_s, rules_of

RULES = rules_of("")


@pytest.mark.parametrize(
    ("url", "app", "host", "port"),
    [
        ("rtmp://live.example/app", "app", "live.example", 1935),
        ("rtmps://Live.Example:443/rtmp/", "rtmp", "live.example", 443),
        ("rtmps://a.example:2935/live/inst", "live/inst", "a.example", 2935),
        ("rtmp://93.184.216.34:8080/live", "live", "93.184.216.34", 8080),
    ],
)
def test_an_address_is_taken_apart(url: str, app: str, host: str, port: int) -> None:
    found = destination(url, RULES)

    assert (found.app, found.server.host, found.server.port) == (app, host, port)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://live.example/app", "restream.address"),
        ("rtmpt://live.example/app", "restream.address"),
        ("rtmp://live.example", "restream.address"),
        ("rtmp://live.example//", "restream.address"),
        ("rtmp://live.example/app?key=secret", "restream.address"),
        ("rtmp://user:word@live.example/app", "url.credentials"),
        ("rtmp://live.example:22/app", "url.port"),
        ("rtmp://127.0.0.1/app", "url.private"),
        ("rtmp://10.0.0.1/app", "url.private"),
        ("rtmp://[::ffff:10.0.0.1]/app", "url.private"),
        ("rtmp://localhost/app", "url.private"),
        ("rtmp://live.example\\@10.0.0.1/app", "url.invalid"),
    ],
)
def test_what_is_no_address_to_publish_to_is_refused(url: str, code: str) -> None:
    with pytest.raises(UrlRefused) as refused:
        destination(url, RULES)

    assert refused.value.instance_code == code


def test_an_operator_may_allow_a_network() -> None:
    assert destination("rtmp://10.0.0.1:99/live", rules_of("10.0.0.0/8")).app == "live"


def test_pauses_grow_to_a_minute() -> None:
    assert [pause_s(n) for n in (1, 2, 3, 6, 7, 8, 10_000)] == [1, 2, 4, 32, 60, 60, 60]
