"""Streams over HTTP: set up, given keys, prepared, stopped, announced."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api.client import ApiError
from compose import scheduler
from compose.scheduler import Scheduler
from pipeline.audience.port import ViewerKind
from pipeline.core.errors import Unauthenticated
from pipeline.services import accounts, api_keys
from pipeline.services.sessions import Order
from schemas.access import AccountRequest, KeyRequest
from schemas.identity import Playback, Role, Scope
from schemas.streams import (
    StartRequest,
    StopRequest,
    StreamChange,
    StreamId,
    StreamKeyChange,
    StreamKeyId,
    StreamKeyRequest,
    StreamRequest,
    StreamState,
)
from tests.support.broadcasting import channel, publish, shown, told, touch
from tests.support.served import Served, serving
from tests.support.waiting import wait_until

NOBODYS = "0" * 28


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        yield served


def code_of(call: object) -> str:
    with pytest.raises(ApiError) as refused:
        call()  # type: ignore[operator]
    return refused.value.problem.code


def test_a_stream_lives(served: Served) -> None:
    calls = served.client.streams
    request = StreamRequest(title="Talk", playback=Playback.UNLISTED, grace_s=5, keep_days=7)

    made = calls.create(request)
    changed = calls.change(made.id, StreamChange(title="Other", profile="fast"))

    assert (made.title, made.grace_s, made.keep_days, made.profile) == ("Talk", 5, 7, "default")
    assert (made.status, made.viewer_count) == (StreamState.PREPARING, 0)
    assert (changed.title, changed.profile, changed.grace_s) == ("Other", "fast", 5)
    assert calls.show(made.id) == changed
    assert [one.id for one in calls.page(status=[StreamState.PREPARING]).items] == [made.id]
    assert calls.page(status=[StreamState.LIVE]).items == ()
    calls.delete(made.id)
    assert code_of(lambda: calls.show(made.id)) == "stream.not_found"


def test_who_watches_is_counted_while_a_stream_is_live(served: Served) -> None:
    calls, viewers = served.client.streams, served.pipeline.audience
    db = served.pipeline.database
    on = channel(db)
    viewers.seen(on.id, ["early"], ViewerKind.HLS)
    assert calls.show(on.id).viewer_count == 0

    publish(db, on.secret)
    viewers.seen(on.id, ["kim", "lee"], ViewerKind.FLV)
    during = calls.show(on.id)
    listed = [(one.viewer_count, one.peak_viewers) for one in calls.page().items]
    calls.stop(StopRequest(stream_id=on.id))

    assert (during.viewer_count, during.peak_viewers) == (3, 3)
    assert listed == [(3, 3)]
    assert calls.show(on.id).viewer_count == 0


def test_names_are_those_of_scripts(served: Served) -> None:
    body = {"title": "Talk", "scheduledFor": "2031-02-03T18:00:00Z", "isRecorded": False}

    made = httpx.post(f"{served.url}/api/streams", json=body)

    view = made.json()
    at = f"/api/streams/{view['id']}"
    assert (made.status_code, made.headers["Location"]) == (201, at)
    assert view["rtmpUrl"] == "rtmp://127.0.0.1/live"
    assert view["hlsUrl"] == f"/live/{view['id']}/master.m3u8"
    assert view["flvUrl"] == f"/live/{view['id']}.flv"
    assert view["scheduledFor"] == "2031-02-03T18:00:00Z"
    assert {"viewerCount", "peakViewers", "startedAt", "endedAt", "sessions"} <= set(view)
    cleared = httpx.patch(f"{served.url}{at}", json={"scheduledFor": None})
    assert cleared.json()["scheduledFor"] is None


def test_where_to_publish_can_be_set(tmp_path: Path) -> None:
    with serving(tmp_path, public_rtmp_url="rtmps://in.example/live") as served:
        made = served.client.streams.create(StreamRequest(title="Talk"))
    assert made.rtmp_url == "rtmps://in.example/live"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": ""},
        {"title": "a\nb"},
        {"title": "a", "graceS": 1801},
        {"title": "a", "graceS": -1},
        {"title": "a", "keepDays": 0},
        {"title": "a", "scheduledFor": 5},
        {"title": "a", "scheduledFor": "1700000000"},
        {"title": "a", "scheduledFor": "9999-12-31T23:59:59-12:00"},
        {"title": "a", "scheduledFor": "2031-02-03T18:00:00"},
        {"title": "a", "key": "mine"},
    ],
)
def test_what_cannot_be_is_refused(served: Served, body: dict[str, object]) -> None:
    answer = httpx.post(f"{served.url}/api/streams", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")


def test_an_unknown_profile_is_refused(served: Served) -> None:
    calls = served.client.streams
    request = StreamRequest(title="Talk", profile="nonsense")
    made = calls.create(StreamRequest(title="Talk"))

    assert code_of(lambda: calls.create(request)) == "profile.unknown"
    change = StreamChange(profile="nonsense")
    assert code_of(lambda: calls.change(made.id, change)) == "profile.unknown"


def test_a_key_is_shown_once_and_only_then(served: Served) -> None:
    calls = served.client.streams
    made = calls.create_key(StreamKeyRequest(label="studio"))

    stream = calls.show(made.stream_id)
    listed = httpx.get(f"{served.url}/api/streaming/keys", params={"streamId": made.stream_id})
    one = httpx.get(f"{served.url}/api/streaming/keys/{made.id}")

    assert stream.title == "studio"
    assert made.key.startswith(made.prefix)
    for answer in (listed, one):
        assert made.prefix in answer.text
        assert made.key.removeprefix(made.prefix) not in answer.text
    assert calls.keys(StreamId(NOBODYS)) == ()
    asked = StreamKeyRequest(stream_id=StreamId(NOBODYS))
    assert code_of(lambda: calls.create_key(asked)) == "stream.not_found"
    assert code_of(lambda: calls.key(StreamKeyId(NOBODYS))) == "stream.key_not_found"


def test_a_rotated_key_ends_what_it_publishes(served: Served) -> None:
    calls, database = served.client.streams, served.pipeline.database
    made = calls.create_key(StreamKeyRequest())
    session = publish(database, made.key)

    named = calls.change_key(made.id, StreamKeyChange(label="spare"))
    assert (named.label, named.key) == ("spare", None)
    assert touch(database, session) is None
    rotated = calls.change_key(made.id, StreamKeyChange(rotate=True))

    assert touch(database, session) is Order.REVOKED
    assert rotated.key is not None
    with pytest.raises(Unauthenticated):
        publish(database, made.key)
    assert publish(database, rotated.key).stream_id == made.stream_id
    calls.revoke_key(made.id)
    calls.revoke_key(made.id)
    assert calls.key(made.id).revoked_at is not None
    change = StreamKeyChange(rotate=True)
    assert code_of(lambda: calls.change_key(made.id, change)) == "stream.key_ended"


def test_a_broadcast_is_prepared_seen_and_stopped(served: Served) -> None:
    calls, database = served.client.streams, served.pipeline.database

    started = calls.start(StartRequest(title="Now"))
    assert started.key is not None
    before = calls.state()
    session = publish(database, started.key.key)
    during = calls.state()
    stopped = calls.stop(StopRequest())

    assert [before.is_live, during.is_live, calls.state().is_live] == [False, True, False]
    assert [one.id for one in during.streams[0].sessions] == [session.id]
    assert (stopped.status, stopped.sessions[0].state) == (StreamState.ENDED, "closed")
    assert touch(database, session) is Order.CLOSED
    assert code_of(lambda: calls.stop(StopRequest())) == "stream.not_named"
    again = calls.start(StartRequest(stream_id=started.stream.id))
    assert (again.stream.status, again.key) == (StreamState.PREPARING, None)


def test_a_repeat_makes_one(served: Served) -> None:
    headers = {"Idempotency-Key": "once"}
    answers = [
        httpx.post(f"{served.url}/api/streams", json={"title": "Talk"}, headers=headers)
        for _ in range(2)
    ]

    assert answers[0].json() == answers[1].json()
    assert len(served.client.streams.page().items) == 1


def test_there_is_an_end_to_keys_and_streams(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = served.client.streams
    made = calls.create_key(StreamKeyRequest())
    monkeypatch.setattr("pipeline.services.streams.MAX_PER_ACCOUNT", 1)
    monkeypatch.setattr("pipeline.services.stream_keys.MAX_PER_STREAM", 1)

    more = StreamKeyRequest(stream_id=made.stream_id)
    assert code_of(lambda: calls.create_key(more)) == "stream.too_many_keys"
    assert code_of(lambda: calls.create(StreamRequest(title="a"))) == "stream.too_many"


def test_others_find_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, anonymous_role="creator") as served:
        theirs = channel(served.pipeline.database, account="somebody")
        calls = served.client.streams

        assert code_of(lambda: calls.show(theirs.id)) == "stream.not_found"
        change = StreamChange(title="Mine")
        assert code_of(lambda: calls.change(theirs.id, change)) == "stream.not_found"
        assert code_of(lambda: calls.delete(theirs.id)) == "stream.not_found"
        stop = StopRequest(stream_id=theirs.id)
        assert code_of(lambda: calls.stop(stop)) == "stream.not_found"
        start = StartRequest(stream_id=theirs.id)
        assert code_of(lambda: calls.start(start)) == "stream.not_found"
        assert code_of(lambda: calls.revoke_key(theirs.key_id)) == "stream.key_not_found"
        rotate = StreamKeyChange(rotate=True)
        assert code_of(lambda: calls.change_key(theirs.key_id, rotate)) == "stream.key_not_found"
        more = StreamKeyRequest(stream_id=theirs.id)
        assert code_of(lambda: calls.create_key(more)) == "stream.not_found"
        assert (calls.page().items, calls.keys(), calls.state().streams) == ((), (), ())


def test_a_key_of_the_api_may_be_narrowed_to_reading(tmp_path: Path) -> None:
    with serving(tmp_path, anonymous_role="") as served:
        database = served.pipeline.database
        account = accounts.create(database, AccountRequest(name="app", role=Role.CREATOR)).id
        asked = KeyRequest(name="r", scopes=(Scope.STREAMS_READ,))
        shown_key = api_keys.create(database, account, asked).key
        headers = {"Authorization": f"Bearer {shown_key}"}

        read = httpx.get(f"{served.url}/api/streams", headers=headers)
        made = httpx.post(f"{served.url}/api/streams", json={"title": "a"}, headers=headers)

    assert (read.status_code, made.status_code) == (200, 403)


def test_the_clock_reminds_of_what_begins_soon(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "SCHEDULE_INTERVAL_S", 0.1)
    pipeline = served.pipeline
    soon = datetime.now(UTC) + timedelta(seconds=300)
    made = served.client.streams.create(StreamRequest(title="Talk", scheduled_for=soon))

    upkeep = Scheduler(pipeline)
    upkeep.start()
    try:
        wait_until(lambda: "stream.reminder" in told(pipeline.database), timeout_s=20)
    finally:
        upkeep.stop()

    assert told(pipeline.database) == ["stream.reminder"]
    assert shown(pipeline.database, made.id).status is StreamState.PREPARING


def test_broadcasts_are_listed_in_pages(served: Served) -> None:
    calls, db = served.client.streams, served.pipeline.database
    on, other = channel(db), channel(db)
    made = []
    for _ in range(3):
        made.append(publish(db, on.secret).id)
        calls.stop(StopRequest(stream_id=on.id))
    publish(db, other.secret)

    first = calls.sessions(on.id, limit=2)
    rest = calls.sessions(on.id, limit=2, cursor=first.next)

    assert [one.id for one in (*first.items, *rest.items)] == made[::-1]
    assert (rest.next, rest.items[0].state) == (None, "closed")
    assert code_of(lambda: calls.sessions(StreamId(NOBODYS))) == "stream.not_found"


def test_no_answer_but_those_that_make_it_shows_a_key(served: Served) -> None:
    calls = served.client.streams
    started = calls.start(StartRequest())
    assert started.key is not None
    publish(served.pipeline.database, started.key.key)

    for path in ("streams", f"streams/{started.stream.id}", "streaming/start", "streaming/keys"):
        text = httpx.get(f"{served.url}/api/{path}").text
        assert json.loads(text)
        assert started.key.key.removeprefix(started.key.prefix) not in text
