"""Who is live, over HTTP: public streams of all accounts, to somebody nobody knows."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pipeline.audience.port import ViewerKind
from pipeline.services import sessions
from schemas.identity import Playback
from tests.support.broadcasting import channel, publish
from tests.support.served import Served, serving
from tests.support.valkey import Redis


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, anonymous_role="") as served:
        yield served


def test_everybody_sees_who_is_live_in_public(served: Served) -> None:
    db, viewers = served.pipeline.database, served.pipeline.audience
    mine, other = channel(db), channel(db, account="other")
    hidden = [channel(db, playback=one) for one in (Playback.UNLISTED, Playback.PRIVATE)]
    channel(db)
    assert served.client.streams.on_air().items == ()

    for one in (mine, *hidden, other):
        publish(db, one.secret)
    viewers.seen(other.id, ["kim", "lee"], ViewerKind.HLS)

    first, second = served.client.streams.on_air().items
    assert [(first.id, first.viewer_count), (second.id, second.viewer_count)] == [
        (other.id, 2),
        (mine.id, 0),
    ]
    assert (first.title, first.is_reconnecting, first.poster_url) == ("Talk", False, None)
    assert (first.hls_url, first.flv_url) == (
        f"/live/{other.id}/master.m3u8",
        f"/live/{other.id}.flv",
    )


def test_who_was_cut_off_is_listed_and_whose_broadcast_is_over_is_not(served: Served) -> None:
    db = served.pipeline.database
    mine = channel(db)
    session = publish(db, mine.secret)

    sessions.drop_session(db, session.id, epoch=session.epoch)
    away = served.client.streams.on_air().items
    sessions.close_session(db, session.id)

    assert [(one.id, one.is_reconnecting) for one in away] == [(mine.id, True)]
    assert served.client.streams.on_air().items == ()


def test_the_list_comes_in_pages(served: Served) -> None:
    db, calls = served.pipeline.database, served.client.streams
    made = [channel(db) for _ in range(3)]
    for one in made:
        publish(db, one.secret)

    first = calls.on_air(limit=2)
    rest = calls.on_air(limit=2, cursor=first.next)

    listed = [one.id for one in (*first.items, *rest.items)]
    assert (listed, rest.next) == ([one.id for one in reversed(made)], None)


def test_scrapers_see_how_many_are_on_and_watched(served: Served) -> None:
    db = served.pipeline.database
    for one in (channel(db), channel(db, playback=Playback.PRIVATE)):
        publish(db, one.secret)
        served.pipeline.audience.seen(one.id, ["kim"], ViewerKind.WEBSOCKET)

    told = httpx.get(f"{served.url}/metrics").text.splitlines()

    assert "reelmill_broadcasts 2.0" in told
    assert 'reelmill_viewers{kind="websocket"} 2.0' in told
    assert 'reelmill_viewers{kind="hls"} 0.0' in told


def test_a_redis_that_is_away_costs_the_numbers_and_nothing_else(tmp_path: Path) -> None:
    with Redis() as server, serving(tmp_path / "r", redis_url=server.url) as served:
        db, calls = served.pipeline.database, served.client.streams
        mine = channel(db)
        publish(db, mine.secret)
        served.pipeline.audience.seen(mine.id, ["kim"], ViewerKind.FLV)
        assert calls.on_air().items[0].viewer_count == 1
        server.kill()

        said = [calls.on_air().items[0].viewer_count, calls.show(mine.id).viewer_count]
        stats = calls.stats(mine.id)

        assert said == [None, None]
        assert (stats.status, stats.viewer_count, stats.viewers) == ("live", None, None)


def test_nobody_is_told_whose_a_stream_is(served: Served) -> None:
    db = served.pipeline.database
    publish(db, channel(db, account="secretive").secret)

    answer = httpx.get(f"{served.url}/api/live")

    assert answer.status_code == 200
    assert "secretive" not in answer.text
    assert "127.0.0.1:1" not in answer.text
