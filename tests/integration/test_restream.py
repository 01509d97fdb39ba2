"""Broadcasts pushed on to real servers: whole, tried again, dropped from, ended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import structlog

from ingest.rtmp.restream import push
from ingest.rtmp.restream.restreamer import Restreamer
from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag
from pipeline.core.live.marks import Break, mark
from pipeline.core.restream import rules_of
from pipeline.database.port import Database
from pipeline.database.sql import SqlDatabase
from pipeline.services import restream, sessions
from pipeline.services.safe import Safe
from schemas.restream import (
    RestreamChange,
    RestreamRequest,
    RestreamTargetId,
    RestreamView,
    TargetState,
)
from schemas.streams import StreamId
from tests.support.broadcasting import channel
from tests.support.lavfi import clip
from tests.support.live_house import film, live_house, publisher
from tests.support.nginx_rtmp import NginxRtmp
from tests.support.ports import free_port
from tests.support.rtmp_source import FileSource
from tests.support.rtmp_target import Target
from tests.support.self_signed import SelfSigned, self_signed
from tests.support.waiting import wait_until

SAFE = Safe.of(b"secret", restream.PURPOSE)
RULES = rules_of("127.0.0.0/8,::1/128")


@pytest.fixture(scope="module")
def flv(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four seconds with a keyframe each."""
    return clip(tmp_path_factory.mktemp("flv") / "clip.flv", seconds=4).read_bytes()


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> SelfSigned:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = SqlDatabase(f"sqlite:///{tmp_path / 'reelmill.db'}")
    database.migrate()
    yield database
    database.close()


@dataclass
class House:
    """A stream that is live, and the restreamer of its door."""

    db: Database
    stream_id: StreamId
    source: FileSource
    sources: dict[StreamId, FileSource]

    def target(self, url: str, key: str = "their-key") -> RestreamTargetId:
        request = RestreamRequest(url=url, key=key)
        return restream.create(self.db, SAFE, RULES, self.stream_id, request, owner=None).id

    def change(self, target_id: RestreamTargetId, change: RestreamChange) -> None:
        restream.change(self.db, SAFE, RULES, self.stream_id, target_id, change, owner=None)

    def view(self, target_id: RestreamTargetId) -> RestreamView:
        return restream.show(self.db, self.stream_id, target_id, owner=None)

    async def until(self, target_id: RestreamTargetId, *states: TargetState) -> RestreamView:
        await eventually(lambda: self.view(target_id).state in states)
        return self.view(target_id)


@asynccontextmanager
async def house(db: Database, flv: bytes, **how: object) -> AsyncIterator[House]:
    stream_id, source = channel(db).id, FileSource(flv)
    sources = {stream_id: source}
    restreamer = Restreamer(db, SAFE, RULES, lambda: sources, asyncio.to_thread, beat_s=0.1, **how)  # type: ignore[arg-type]
    running = asyncio.create_task(restreamer.run())
    try:
        yield House(db, stream_id, source, sources)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def listening(target: Target) -> AsyncIterator[str]:
    url = await target.start()
    try:
        yield url
    finally:
        target.is_reading.set()
        await target.stop()


async def eventually(is_so: Callable[[], bool], within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110  # rows send no signal
            await asyncio.sleep(0.02)


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def sent(source: FileSource) -> list[tuple[MediaKind, int, bytes]]:
    """What a target gets of a source, on a clock that begins at 0."""
    begun = source.tags[3].timestamp_ms
    return [(one.kind, max(0, one.timestamp_ms - begun), one.payload) for one in source.tags]


def got(target: Target) -> list[tuple[MediaKind, int, bytes]]:
    return [(one.kind, one.timestamp_ms, one.payload) for one in target.received]


def test_what_is_published_gets_there_whole_and_ends_with_the_broadcast(
    db: Database, flv: bytes
) -> None:
    async def test() -> None:
        target = Target()
        async with listening(target) as url, house(db, flv) as at:
            target_id = at.target(url)
            await at.until(target_id, TargetState.LIVE)
            at.source.send(60)
            at.source.send(0, extra=tags.tag(MediaKind.DATA, 9, mark(Break.RETURN, epoch=2)))
            at.source.send()
            at.source.end()
            at.sources.clear()
            view = await at.until(target_id, TargetState.IDLE)

            assert got(target) == sent(at.source)
            assert target.tc_urls == [url]
            assert (target.n_connections, target.n_goodbyes) == (1, 1)
            assert (view.error, view.dropped) == (None, 0)
            assert view.sent_bytes > len(flv) * 0.9
            assert at.source.joined[0].is_closed

    run(test)


def test_a_refusal_is_told_and_tried_again(db: Database, flv: bytes) -> None:
    async def test() -> None:
        target = Target(key="another")
        async with listening(target) as url, house(db, flv) as at:
            target_id = at.target(url)
            refused = await at.until(target_id, TargetState.REFUSED)
            target.key = "their-key"
            live = await at.until(target_id, TargetState.LIVE)

            assert refused.error == "restream.refused"
            assert (live.error, target.n_connections > 1) == (None, True)

    run(test)


def test_who_is_not_there_is_tried_again_and_so_is_who_goes_away(db: Database, flv: bytes) -> None:
    async def test() -> None:
        target = Target(port=free_port())
        async with house(db, flv) as at:
            target_id = at.target(f"rtmp://localhost:{target.port}/app")
            away = await at.until(target_id, TargetState.RETRYING)
            async with listening(target):
                await at.until(target_id, TargetState.LIVE)
                at.source.send(100)
                target.hang_up()
                await eventually(lambda: n_again(target) > 0 and len(target.by_connection[-1]) > 0)
                at.source.send()
                at.source.end()
                at.sources.clear()
                await at.until(target_id, TargetState.IDLE)
                first, again = target.by_connection

            assert away.error == "restream.unreachable"
            n = len(again)
            assert [one.payload for one in again[-n + 3 :]] == [
                one.payload for one in at.source.tags[-n + 3 :]
            ]
            assert again[0].timestamp_ms == 0
            assert tags.is_keyframe(again[3].kind, again[3].payload)
            assert len(first) > 0

    run(test)


def n_again(target: Target) -> int:
    return target.n_connections - 1


def test_certificates_are_checked(db: Database, flv: bytes, signed: SelfSigned) -> None:
    async def test() -> None:
        async with listening(Target(tls=signed.server())) as url:
            async with house(db, flv, trust=signed.trust()) as at:
                await at.until(at.target(url), TargetState.LIVE)
                other = at.target(url.replace("localhost", "127.0.0.1"))
                named_otherwise = await at.until(other, TargetState.RETRYING)
            async with house(db, flv) as at:
                untrusted = await at.until(at.target(url), TargetState.RETRYING)

            assert (named_otherwise.error, untrusted.error) == ("url.tls", "url.tls")

    run(test)


def test_a_slow_target_drops_to_a_keyframe_and_holds_up_nobody(
    db: Database, flv: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        slow, quick = Target(), Target()
        async with (
            listening(slow) as slow_url,
            listening(quick) as quick_url,
            house(db, flv) as at,
        ):
            targets = [at.target(slow_url), at.target(quick_url)]
            for target_id in targets:
                await at.until(target_id, TargetState.LIVE)
            slow.is_reading.clear()
            await at_large(at.source, 40, lambda: at.view(targets[0]).dropped > 0)
            slow.is_reading.set()
            await at_large(at.source, 40, lambda: len(large(slow)) > 0 and tail_is_whole(slow))

            assert large(quick) == list(range(len(large(quick))))
            assert at.view(targets[1]).dropped == 0
            assert resumed_at_keyframes(large(slow))
            assert (slow.n_connections, quick.n_connections) == (1, 1)

    run(test)


#: A keyframe each ten pictures.
EVERY = 10


async def at_large(source: FileSource, most: int, is_enough: Callable[[], bool]) -> None:
    """Send pictures of a megabyte with their number, until that is enough."""
    n = getattr(source, "n_large", 0)
    async with asyncio.timeout(60):
        while True:
            head = b"\x17\x01" if n % EVERY == 0 else b"\x27\x01"
            picture = head + b"\0\0\0" + n.to_bytes(4, "big") + bytes(500_000)
            source.hand_out(tags.tag(MediaKind.VIDEO, 10_000 + n, picture))
            n += 1
            source.n_large = n  # type: ignore[attr-defined]
            await asyncio.sleep(0.03)
            if n % EVERY == 0 and is_enough():
                return


def large(target: Target) -> list[int]:
    pictures = [one.payload for one in target.received if len(one.payload) > 400_000]
    return [int.from_bytes(one[5:9], "big") for one in pictures]


def tail_is_whole(target: Target) -> bool:
    """Whether it has caught up: something was left out, and then a keyframe came."""
    numbers = large(target)
    return any(after - before > 1 for before, after in pairwise(numbers))


def resumed_at_keyframes(numbers: list[int]) -> bool:
    after = [two for one, two in pairwise(numbers) if two - one != 1]
    return bool(after) and all(one % EVERY == 0 for one in after)


def test_what_is_changed_is_pushed_anew_and_what_is_off_is_let_go(db: Database, flv: bytes) -> None:
    async def test() -> None:
        first, second = Target(), Target(key="other-key")
        async with listening(first) as url, listening(second) as other, house(db, flv) as at:
            target_id = at.target(url)
            await at.until(target_id, TargetState.LIVE)
            at.change(target_id, RestreamChange(url=other, key="other-key"))
            await eventually(lambda: second.n_connections == 1)
            await at.until(target_id, TargetState.LIVE)
            at.change(target_id, RestreamChange(is_enabled=False))
            await eventually(lambda: at.source.joined[1].is_closed)

            assert at.view(target_id).state is TargetState.IDLE
            assert (first.n_connections, second.n_connections) == (1, 1)

    run(test)


def test_a_key_that_cannot_be_read_is_told(db: Database, flv: bytes) -> None:
    async def test() -> None:
        async with listening(Target()) as url, house(db, flv) as at:
            other = Safe.of(b"another", restream.PURPOSE)
            request = RestreamRequest(url=url, key="their-key")
            made = restream.create(db, other, RULES, at.stream_id, request, owner=None)

            assert (await at.until(made.id, TargetState.RETRYING)).error == "restream.key_lost"

    run(test)


def test_a_broadcast_that_is_over_is_pushed_nowhere(db: Database, flv: bytes) -> None:
    async def test() -> None:
        target = Target(key="another")
        async with listening(target) as url, house(db, flv) as at:
            target_id = at.target(url)
            await at.until(target_id, TargetState.REFUSED)
            at.source.end()
            at.sources.clear()
            await at.until(target_id, TargetState.IDLE)
            n_before = target.n_connections
            await asyncio.sleep(push.pause_s(2) + 1)

            assert target.n_connections == n_before

    run(test)


def test_nginx_takes_what_is_pushed(db: Database, flv: bytes, tmp_path: Path) -> None:
    async def test(server: NginxRtmp) -> None:
        async with house(db, flv) as at:
            target_id = at.target(f"{server.url('app')}")
            await at.until(target_id, TargetState.LIVE)
            for _ in range(30):
                at.source.send(10)
                await asyncio.sleep(0.02)
            at.source.send()
            at.source.end()
            at.sources.clear()
            await at.until(target_id, TargetState.IDLE)
            recorded = server.folder / "their-key.flv"
            await eventually(lambda: n_pictures(recorded) == n_pictures_of(at.source.tags))

    with NginxRtmp(tmp_path, "application app { live on; record all; record_path FOLDER; }") as it:
        asyncio.run(test(it))


def n_pictures(path: Path) -> int:
    if not path.exists():
        return 0
    return n_pictures_of(tags.TagReader().receive_data(path.read_bytes()))


def n_pictures_of(some: list[Tag]) -> int:
    return sum(one.kind is MediaKind.VIDEO and one.payload[1:2] == b"\x01" for one in some)


def test_keys_are_in_no_log(db: Database, flv: bytes) -> None:
    async def test() -> None:
        target = Target(key="another")
        async with listening(target) as url, house(db, flv) as at:
            target_id = at.target(url, key="very-secret-key")
            await at.until(target_id, TargetState.REFUSED)
            target.key = "very-secret-key"
            await at.until(target_id, TargetState.LIVE)

    with structlog.testing.capture_logs() as logs:
        run(test)

    assert {one["event"] for one in logs} >= {"restream.failed", "restream.live"}
    assert "very-secret-key" not in str(logs)


def test_what_comes_in_by_the_door_goes_out_of_it(tmp_path: Path) -> None:
    source = film(tmp_path / "source.flv", seconds=3)
    keeping = "application app { live on; record all; record_path FOLDER; }"
    with (
        NginxRtmp(tmp_path, keeping) as server,
        live_house(tmp_path / "data", egress_allow="127.0.0.0/8") as at,
    ):
        database = at.pipeline.database
        safe, rules = Safe.of(at.pipeline.secret, restream.PURPOSE), at.pipeline.restream_rules
        stream = channel(database, grace_s=1)
        request = RestreamRequest(url=server.url("app"), key="their-key")
        made = restream.create(database, safe, rules, stream.id, request, owner=None)
        with publisher(source, at.rtmp(stream.secret), is_paced=True) as sending:
            wait_until(lambda: state_of(database, made) is TargetState.LIVE)
            assert sending.wait(20) == 0
        wait_until(lambda: sessions.sweep_sessions(database) > 0)
        recorded = server.folder / "their-key.flv"
        # It joins within a second or so, at the keyframe before.
        wait_until(lambda: n_pictures(recorded) in {75, 50})


def state_of(db: Database, made: RestreamView) -> TargetState:
    return restream.show(db, made.stream_id, made.id, owner=None).state
