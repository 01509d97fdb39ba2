"""Servers that are killed in mid-stream and come back: nobody is cut off, and nothing is lost."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.core.flv.tags import Tag
from tests.support.fleet import Servers
from tests.support.live_fleet import LiveFleet
from tests.support.live_viewer import Viewer
from tests.support.postgres import Postgres
from tests.support.rabbitmq import RabbitMQ
from tests.support.recorded import Recorded
from tests.support.seaweed import Seaweed
from tests.support.server import Server
from tests.support.streamer import Streamer, laps
from tests.support.valkey import Redis

#: It is killed: what it said it keeps it must keep then.
_HONEST = ("fsync=off", "full_page_writes=off")


@dataclass
class Frail:
    """A fleet, and the servers it stands on."""

    air: LiveFleet
    servers: list[Server]


@pytest.fixture
def frail(
    rabbitmq_server: RabbitMQ, redis_server: Redis, measured: Path, tmp_path: Path
) -> Iterator[Frail]:
    with Postgres(settings=_HONEST) as postgres, Seaweed() as seaweed:
        urls = postgres.create_database(), rabbitmq_server.url, redis_server.url
        with LiveFleet(tmp_path / "air", Servers(*urls, seaweed.address), measured) as air:
            yield Frail(air, [rabbitmq_server, redis_server, postgres, seaweed])


def _go_through(frail: Frail, film: list[Tag], away_s: float, folder: Path) -> None:
    air = frail.air
    api = air.open(n_workers=1)
    stream = air.stream()
    streamer = Streamer(air.ingests[0].rtmp_port, stream.key, laps(film))
    air.wait_for_segments(stream, 2)

    with Viewer(air.watched_at(api, stream)) as viewer:
        for server in frail.servers:
            gone_at_s = time.monotonic()
            server.kill()
            time.sleep(away_s)
            server.start()
            back_at_s = time.monotonic()
            n_before = air.n_segments(stream)
            air.wait_for_segments(stream, n_before + 3)
            back_s = time.monotonic() - back_at_s
            away = back_at_s - gone_at_s
            print(f"{server.name}: away {away:.1f} s, three segments more {back_s:.1f} s after")
            assert streamer.is_on, f"cut off without {server.name}"
        sent_s = streamer.cut() - streamer.began_at_s
        air.close_sessions(stream)
        air.wait_for_recordings(stream)
        print(f"longest wait {viewer.longest_wait_s():.1f} s, {viewer.answers}")

    assert viewer.faults == []
    assert air.n_sessions(stream) == 1
    air.wait_for_whole_recordings(stream)
    recorded = Recorded(air.pipeline, air.session(stream).asset_id, folder)
    assert recorded.gaps_s() == []
    for rung in recorded.pictures:
        (shown,) = recorded.shown(rung)
        assert shown == [number % 600 for number in range(len(shown))]
        assert len(shown) / 25 == pytest.approx(sent_s, abs=0.6)


@pytest.mark.timeout(200)
def test_servers_away_for_a_moment(frail: Frail, film: list[Tag], tmp_path: Path) -> None:
    _go_through(frail, film, 4.0, tmp_path / "whole")


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_servers_away_for_long(frail: Frail, film: list[Tag], tmp_path: Path) -> None:
    _go_through(frail, film, 20.0, tmp_path / "whole")
