"""Targets of streams on both databases: kept, changed, told of by a door."""

from dataclasses import replace

import pytest

from pipeline.core.errors import Conflict, NotFound, UrlRefused
from pipeline.core.restream import rules_of
from pipeline.database.port import Database
from pipeline.database.restream import TargetReport
from pipeline.services import restream, streams
from pipeline.services.restream import Wanted
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

SAFE = Safe.of(b"the installation's secret", restream.PURPOSE)
RULES = rules_of("127.0.0.0/8")
REQUEST = RestreamRequest(label="site", url="rtmp://127.0.0.1/app", key="k-1?x=y")


def made(db: Database, request: RestreamRequest = REQUEST) -> RestreamView:
    stream_id = channel(db).id
    return restream.create(db, SAFE, RULES, stream_id, request, owner="local")


def wanted(db: Database, *stream_ids: StreamId, safe: Safe = SAFE) -> list[Wanted]:
    return restream.exchange(db, safe, [], stream_ids)


def test_a_target_is_kept_and_its_key_is_for_its_door_alone(database: Database) -> None:
    view = made(database)

    assert (view.label, view.url, view.state) == ("site", "rtmp://127.0.0.1/app", TargetState.IDLE)
    assert restream.listing(database, view.stream_id, owner="local").items == (view,)
    (found,) = wanted(database, view.stream_id)
    assert (found.id, found.url, found.key) == (view.id, view.url, "k-1?x=y")
    assert "k-1" not in repr(found)
    with database.read() as tx:
        assert "k-1" not in str(tx.restream.get(view.id).__dict__)  # type: ignore[union-attr]


def test_a_key_is_bound_to_its_target_and_to_the_secret(database: Database) -> None:
    view = made(database)
    other = Safe.of(b"another secret", restream.PURPOSE)

    assert [one.key for one in wanted(database, view.stream_id, safe=other)] == [None]


def test_targets_are_their_streams_and_its_owners(database: Database) -> None:
    view, other = made(database), channel(database).id

    for stream_id, owner in ((other, "local"), (view.stream_id, "b"), (StreamId("x"), None)):
        with pytest.raises(NotFound):
            restream.show(database, stream_id, view.id, owner=owner)
    assert wanted(database, other) == []
    streams.delete(database, view.stream_id, owner=None)
    assert wanted(database, view.stream_id) == []


def test_what_is_changed_is_pushed_anew_and_a_name_is_not(database: Database) -> None:
    view = made(database)
    change = RestreamChange(url="rtmp://127.0.0.2/app", key="k-2", is_enabled=True)

    restream.change(
        database, SAFE, RULES, view.stream_id, view.id, RestreamChange(label="b"), owner=None
    )
    (named,) = wanted(database, view.stream_id)
    restream.change(database, SAFE, RULES, view.stream_id, view.id, change, owner=None)
    (changed,) = wanted(database, view.stream_id)
    off = RestreamChange(is_enabled=False)
    restream.change(database, SAFE, RULES, view.stream_id, view.id, off, owner=None)

    assert named.version == 1
    assert (changed.version, changed.url, changed.key) == (2, "rtmp://127.0.0.2/app", "k-2")
    assert wanted(database, view.stream_id) == []
    restream.delete(database, view.stream_id, view.id, owner=None)
    assert restream.listing(database, view.stream_id, owner=None).items == ()


def test_another_address_takes_its_key() -> None:
    with pytest.raises(ValueError, match="takes its key"):
        RestreamChange(url="rtmp://127.0.0.2/app")


def test_private_addresses_are_refused(database: Database) -> None:
    request = REQUEST.model_copy(update={"url": "rtmp://10.0.0.1/app"})

    with pytest.raises(UrlRefused) as refused:
        made(database, request)
    assert refused.value.instance_code == "url.private"


def test_a_stream_has_so_many_targets(database: Database) -> None:
    view = made(database)
    for _ in range(restream.MAX_PER_STREAM - 1):
        restream.create(database, SAFE, RULES, view.stream_id, REQUEST, owner=None)

    with pytest.raises(Conflict) as refused:
        restream.create(database, SAFE, RULES, view.stream_id, REQUEST, owner=None)
    assert refused.value.instance_code == "restream.too_many"


def test_a_door_tells_how_it_goes(database: Database) -> None:
    view = made(database)
    report = TargetReport(view.id, 1, TargetState.LIVE, None, 2**40, 3)

    restream.exchange(database, SAFE, [report], [view.stream_id])
    live = restream.show(database, view.stream_id, view.id, owner=None)
    restream.exchange(database, SAFE, [replace(report, sent_bytes=2**41)], [])
    later = restream.show(database, view.stream_id, view.id, owner=None)
    refused = replace(report, state=TargetState.REFUSED, error="restream.refused")
    stale = replace(report, version=7, sent_bytes=1)
    gone = replace(report, target_id=RestreamTargetId("gone"))
    restream.exchange(database, SAFE, [refused, stale, gone], [])
    last = restream.show(database, view.stream_id, view.id, owner=None)

    assert (live.state, live.error, live.sent_bytes, live.dropped) == ("live", None, 2**40, 3)
    assert live.since is not None
    assert (later.since, later.sent_bytes) == (live.since, 2**41)
    assert (last.state, last.error, last.sent_bytes) == ("refused", "restream.refused", 2**40)
    assert last.since is not None
    assert last.since >= live.since
