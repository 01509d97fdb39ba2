"""The way to a server that streams are pushed on to: names are judged by what they stand for."""

import asyncio
import socket
from collections.abc import Sequence

import pytest

from ingest.rtmp.restream.road import connected
from pipeline.core.errors import ReelmillError, UrlRefused
from pipeline.core.restream import destination, rules_of
from pipeline.core.restream_errors import TargetUnreachable
from pipeline.outbound.road import public_trust
from tests.support.ports import free_port

OPEN = rules_of("")


def refused(url: str, answers: Sequence[str] | OSError, rules: object = OPEN) -> ReelmillError:
    """Tell what connecting fails by, where the name stands for these addresses."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        if isinstance(answers, OSError):
            raise answers
        return answers

    async def test() -> None:
        await connected(destination(url, OPEN), rules, public_trust(), resolve=resolve)  # type: ignore[arg-type]

    with pytest.raises(ReelmillError) as failed:
        asyncio.run(test())
    return failed.value


@pytest.mark.parametrize(
    "answers",
    [["10.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:169.254.169.254"], ["fd00::1"]],
)
def test_a_name_that_leads_into_our_network_is_refused_whole(answers: list[str]) -> None:
    error = refused("rtmp://live.example/app", answers)

    assert isinstance(error, UrlRefused)
    assert error.instance_code == "url.private"


def test_a_name_that_stands_for_nothing_is_told() -> None:
    for answers in ([], socket.gaierror(-2, "unknown")):
        error = refused("rtmp://live.example/app", answers)  # type: ignore[arg-type]

        assert isinstance(error, TargetUnreachable)


def test_where_nobody_answers_is_told_without_the_address_behind_the_name() -> None:
    url = f"rtmp://live.example:{free_port()}/app"
    rules = rules_of("127.0.0.0/8,::1/128", "1-65535")

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1", "::1"]

    async def test() -> None:
        await connected(destination(url, rules), rules, public_trust(), resolve=resolve)

    with pytest.raises(TargetUnreachable) as failed:
        asyncio.run(test())
    assert failed.value.instance_code == "restream.unreachable"
    assert "127.0.0.1" not in failed.value.detail
