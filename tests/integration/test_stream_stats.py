"""How a stream does, over HTTP and a websocket: all of it to its owner, some of it to viewers."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import Client
from api.client.connection import ConnectionLostError, HandshakeError, connect
from compose import scheduler
from compose.scheduler import Scheduler
from pipeline.audience.port import ViewerKind
from pipeline.core import links
from pipeline.core.minutes import Minute
from pipeline.database.stream_stats import MinuteRow
from pipeline.database.streams import Touch
from pipeline.services import accounts, api_keys, sessions, stream_viewing, streams
from schemas.access import AccountRequest, KeyRequest
from schemas.identity import Playback, Scope
from schemas.playback import PlaybackLinkRequest
from schemas.streams import StreamChange, StreamId
from tests.support.broadcasting import AT, LEASE_S, Channel, channel, publish, shown
from tests.support.served import Served, eventually, serving

#: All that viewers are told.
WATCHED = {"id", "status", "isReconnecting", "startedAt", "viewerCount"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "data", anonymous_role="", websocket_clients=8) as served:
        yield served
        served.app.extensions["reelmill.close_sockets"]()


@pytest.fixture
def kim(served: Served) -> tuple[str, dict[str, str]]:
    """An account, and headers that show it."""
    db = served.pipeline.database
    account = accounts.create(db, AccountRequest(name="kim")).id
    made = api_keys.create(db, account, KeyRequest(name="app"))
    return account, {"Authorization": f"Bearer {made.key}"}


def at(stream: Channel, name: str = "stats") -> str:
    return f"/api/streams/{stream.id}/{name}"


def get(served: Served, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.get(f"{served.url}{path}", headers=headers or {})


def change(served: Served, stream_id: StreamId, wished: StreamChange) -> None:
    streams.change(served.pipeline.database, stream_id, wished, None, at=AT, owner=None)


def ticket(served: Served, headers: dict[str, str], **asked: str) -> str:
    answer = httpx.post(f"{served.url}/api/tickets", headers=headers, json=asked)
    assert answer.status_code == 201, answer.text
    return f"?ticket={answer.json()['ticket']}"


def messages(served: Served, path: str) -> Any:
    return connect(f"{served.url}{path}")


def refusal(served: Served, path: str) -> int:
    with pytest.raises(HandshakeError) as refused, messages(served, path) as texts:
        next(texts)
    return refused.value.status


def test_whose_it_is_sees_all_and_viewers_what_they_may(
    served: Served, kim: tuple[str, dict[str, str]]
) -> None:
    db, (account, headers) = served.pipeline.database, kim
    on = channel(db, account=account)
    session = publish(db, on.secret)
    touch = Touch(session.id, 1, 9, is_alive=True, facts={"bitrate_bps": 5, "door": "secret"})
    sessions.touch_sessions(db, [touch], lease_s=LEASE_S)
    served.pipeline.audience.seen(on.id, ["lee"], ViewerKind.HLS)

    mine, theirs = (get(served, at(on), shown).json() for shown in (headers, None))

    assert (mine["bitrateBps"], mine["sessionId"], mine["viewers"]["hls"]) == (5, session.id, 1)
    assert (mine["peakViewers"], mine["thinned"], mine["ladderSpeed"]) == (1, [], None)
    assert set(theirs) == WATCHED
    assert {name: mine[name] for name in WATCHED} == theirs
    assert (theirs["status"], theirs["viewerCount"]) == ("live", 1)


def test_a_private_stream_is_not_there_for_others(
    served: Served, kim: tuple[str, dict[str, str]]
) -> None:
    db, (account, headers) = served.pipeline.database, kim
    hidden = channel(db, account=account, playback=Playback.PRIVATE)
    other = accounts.create(db, AccountRequest(name="lee")).id
    made = api_keys.create(db, other, KeyRequest(name="app"))
    lee = {"Authorization": f"Bearer {made.key}"}

    answers = [get(served, at(hidden), shown) for shown in (None, lee, headers)]

    assert [answer.status_code for answer in answers] == [404, 404, 200]
    assert answers[0].json()["code"] == "stream.not_found"
    assert refusal(served, at(hidden, "stats/events")) == 404


def test_a_key_without_the_scope_is_a_viewers(
    served: Served, kim: tuple[str, dict[str, str]]
) -> None:
    db, (account, _) = served.pipeline.database, kim
    on = channel(db, account=account)
    narrow = api_keys.create(db, account, KeyRequest(name="n", scopes=(Scope.ASSETS_READ,)))
    headers = {"Authorization": f"Bearer {narrow.key}"}

    assert set(get(served, at(on), headers).json()) == WATCHED
    assert get(served, at(on, "series"), headers).status_code == 403


def test_minutes_are_their_owners_and_can_be_narrowed(
    served: Served, kim: tuple[str, dict[str, str]]
) -> None:
    db, (account, headers) = served.pipeline.database, kim
    on = channel(db, account=account)
    session = publish(db, on.secret)
    minute = Minute(12, 1.5, 3, 2e6, 30.0, -4.0, 2, 1.2, 100.0)
    with db.write() as tx:
        rows = [MinuteRow(session.id, n * 60, minute) for n in range(3)]
        tx.stream_stats.add_minutes(rows)

    whole = get(served, at(on, "series"), headers).json()["items"]
    late = get(served, f"{at(on, 'series')}?from=1970-01-01T00:01:30Z", headers).json()["items"]
    other = get(served, f"{at(on, 'series')}?session={'0' * 28}", headers).json()["items"]
    first = get(served, f"{at(on, 'series')}?session={session.id}&limit=1", headers)

    with Client(served.url, credential=headers["Authorization"].partition(" ")[2]) as client:
        since = datetime.fromtimestamp(90, UTC)
        assert len(client.streams.series(on.id, since=since).items) == 1
        assert client.streams.stats(on.id).session_id == session.id
    assert whole[0] == {
        "sessionId": session.id,
        "minuteAt": "1970-01-01T00:00:00Z",
        "viewers": 1.5,
        "mostViewers": 3,
        "bitrateBps": 2e6,
        "frameRate": 30.0,
        "driftMs": -4.0,
        "droppedFrames": 2,
        "ladderSpeed": 1.2,
        "lagMs": 100.0,
    }
    assert [len(one) for one in (whole, late, other)] == [3, 1, 0]
    assert first.links["next"]["url"].startswith(at(on, "series"))
    rest = get(served, first.links["next"]["url"], headers).json()
    assert rest["items"] == [whole[1]]
    assert get(served, at(on, "series")).status_code == 401


def test_a_follower_gets_a_snapshot_and_then_what_changes(
    served: Served, kim: tuple[str, dict[str, str]]
) -> None:
    db, (account, headers) = served.pipeline.database, kim
    on = channel(db, account=account)
    path = at(on, "stats/events") + ticket(served, headers, stream_id=on.id)

    with messages(served, path) as texts:
        opening = json.loads(next(texts))
        session = publish(db, on.secret)
        touch = Touch(session.id, 1, 9, is_alive=True, facts={"bitrate_bps": 7})
        sessions.touch_sessions(db, [touch], lease_s=LEASE_S)
        told = until(texts, bitrateBps=7)
        durations = [json.loads(next(texts))["stats"]["durationS"] for _ in range(2)]
        sessions.close_session(db, session.id)
        until(texts, status="ended")

    assert (opening["type"], opening["stats"]["status"]) == ("stats", "preparing")
    assert told["status"] == "live"
    # Somebody watches the clock of a broadcast go on.
    assert told["durationS"] < durations[0] < durations[1]


def until(texts: Iterator[str], **wanted: object) -> dict[str, Any]:
    for text in texts:
        stats: dict[str, Any] = json.loads(text)["stats"]
        if all(stats[name] == value for name, value in wanted.items()):
            return stats
    raise AssertionError(wanted)


def test_viewers_follow_what_they_may_until_it_is_private(served: Served) -> None:
    db = served.pipeline.database
    on = channel(db)
    publish(db, on.secret)

    with messages(served, at(on, "stats/events")) as texts:
        assert set(json.loads(next(texts))["stats"]) == WATCHED
        served.pipeline.audience.seen(on.id, ["lee"], ViewerKind.FLV)
        assert set(until(texts, viewerCount=1)) == WATCHED
        change(served, on.id, StreamChange(playback=Playback.PRIVATE))
        with pytest.raises(ConnectionLostError) as lost:
            for _ in texts:
                pass

    assert lost.value.code == 4401


def test_a_signed_address_gives_a_viewers_seat_until_it_is_void(served: Served) -> None:
    db = served.pipeline.database
    hidden = channel(db, playback=Playback.PRIVATE)
    key = links.key_of(served.pipeline.secret)
    asked = PlaybackLinkRequest(expires_in_s=60)
    given = stream_viewing.link(db, hidden.id, asked, key=key, owner=None)
    token = given.live_url.rpartition("~")[2]
    path = at(hidden, "stats/events") + ticket(
        served, {}, stream_id=hidden.id, playback_token=token
    )

    with messages(served, path) as texts:
        assert set(json.loads(next(texts))["stats"]) == WATCHED
        stream_viewing.revoke_links(db, hidden.id, owner=None)
        with pytest.raises(ConnectionLostError) as lost:
            for _ in texts:
                pass

    assert lost.value.code == 4401
    assert refusal(served, path) == 401


def test_a_ticket_is_for_the_stream_it_was_asked_for(served: Served) -> None:
    db = served.pipeline.database
    one, other = channel(db), channel(db)
    path = at(other, "stats/events") + ticket(served, {}, stream_id=one.id)

    assert refusal(served, path) == 401


def test_who_follows_a_stream_that_is_deleted_is_sent_away(
    served: Served, kim: tuple[str, dict[str, str]]
) -> None:
    db, (account, headers) = served.pipeline.database, kim
    on = channel(db, account=account)
    path = at(on, "stats/events") + ticket(served, headers, stream_id=on.id)

    with messages(served, path) as texts:
        next(texts)
        streams.delete(db, on.id, owner=None)
        with pytest.raises(ConnectionLostError) as lost:
            for _ in texts:
                pass

    assert lost.value.code == 4401


def test_a_scheduler_keeps_peaks(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "VIEWERS_INTERVAL_S", 0.1)
    db = served.pipeline.database
    on = channel(db)
    publish(db, on.secret)
    served.pipeline.audience.seen(on.id, ["kim", "lee"], ViewerKind.FLV)
    upkeep = Scheduler(served.pipeline)
    upkeep.start()

    is_kept = eventually(lambda: shown(db, on.id).peak_viewers == 2)
    upkeep.stop()

    assert is_kept
