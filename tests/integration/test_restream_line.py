"""One connection to a server that does not keep to what it agreed to."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ingest.rtmp.restream import line
from ingest.rtmp.restream.line import Line
from ingest.rtmp.restream.road import connected
from pipeline.core.errors import ReelmillError
from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.restream import destination, rules_of
from pipeline.outbound.road import public_trust
from tests.support.rtmp_source import FileSource
from tests.support.rtmp_target import Target

RULES = rules_of("127.0.0.0/8,::1/128")
KEYFRAME = b"\x17\x01\0\0\0"
FILM = tags.header() + tags.tag(MediaKind.VIDEO, 0, KEYFRAME)


def failure(url: str, source: FileSource, on_live: Callable[[], None]) -> Awaitable[str]:
    """Push until it fails; tell by which code."""

    async def push() -> str:
        to = destination(url, RULES)
        ends = await connected(to, RULES, public_trust())
        with pytest.raises(ReelmillError) as failed:
            await Line(ends, to, "their-key", stall_s=0.5).push(source, on_live)
        return failed.value.instance_code

    return push()


def test_a_server_that_takes_nothing_any_more_is_given_up() -> None:
    async def test() -> str:
        target, source = Target(), FileSource(FILM)
        url = await target.start()
        target.is_reading.clear()

        def flood() -> None:
            picture = KEYFRAME + bytes(1_000_000)
            for n in range(60):
                source.hand_out(tags.tag(MediaKind.VIDEO, n, picture))

        def on_live() -> None:
            asyncio.get_running_loop().call_later(0.1, flood)

        try:
            return await asyncio.wait_for(failure(url, source, on_live), 30)
        finally:
            target.is_reading.set()
            await target.stop()

    assert asyncio.run(test()) == "url.timed_out"


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "ANSWER_S", 0.2)

    async def test() -> str:
        async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(silence, "127.0.0.1", 0)
        url = f"rtmp://127.0.0.1:{server.sockets[0].getsockname()[1]}/app"
        try:
            return await failure(url, FileSource(FILM), lambda: None)
        finally:
            server.close()

    assert asyncio.run(test()) == "url.timed_out"


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x03", bytes(4000)])
def test_a_server_that_speaks_no_rtmp_is_told(said: bytes) -> None:
    async def test() -> str:
        async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(said)
            writer.close()

        server = await asyncio.start_server(speak, "127.0.0.1", 0)
        url = f"rtmp://127.0.0.1:{server.sockets[0].getsockname()[1]}/app"
        try:
            return await failure(url, FileSource(FILM), lambda: None)
        finally:
            server.close()

    assert asyncio.run(test()) == "restream.unreachable"
