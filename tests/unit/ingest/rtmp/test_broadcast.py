"""Who watches gets a whole FLV from a keyframe on, however late or slow."""

import asyncio
import time

import pytest

from ingest.rtmp import broadcast as hub
from ingest.rtmp import subscription as queue
from ingest.rtmp.broadcast import Broadcast
from ingest.rtmp.entry import Entry
from ingest.rtmp.subscription import Subscription
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag, TagReader, is_keyframe
from tests.support.made_tags import AUDIO_HEADER, METADATA, VIDEO_HEADER, broadcast, sound


def send(to: Broadcast, tags: list[Tag]) -> None:
    for tag in tags:
        to.publish([Entry.of(tag.kind, tag.timestamp_ms, tag.payload)])


def taken(subscription: Subscription) -> list[Tag]:
    items = subscription.take(0) or []
    return TagReader().receive_data(b"".join(item.data for item in items))


SENT = list(broadcast(seconds=3))


def test_who_joins_late_begins_at_the_last_keyframe_with_all_headers() -> None:
    on = Broadcast()
    send(on, SENT[:-4])

    came = on.subscribe()
    send(on, SENT[-4:])

    tags = taken(came)
    assert [tag.payload for tag in tags[:3]] == [METADATA, VIDEO_HEADER, AUDIO_HEADER]
    assert is_keyframe(tags[3].kind, tags[3].payload)
    assert tags[3:] == SENT[-50:]
    assert {tag.timestamp_ms for tag in tags[:4]} == {2000}


def test_who_was_there_first_waits_for_a_keyframe() -> None:
    on = Broadcast()
    came = on.subscribe()

    assert taken(came) == []
    send(on, SENT)

    assert taken(came)[3:] == SENT[3:]


def test_sound_alone_begins_at_once() -> None:
    on = Broadcast()
    came = on.subscribe()
    send(on, [Tag(MediaKind.AUDIO, 0, AUDIO_HEADER), Tag(MediaKind.AUDIO, 0, sound(1))])

    assert [tag.payload for tag in taken(came)] == [AUDIO_HEADER, AUDIO_HEADER, sound(1)]


def test_the_header_promises_no_sound_where_none_comes() -> None:
    on = Broadcast()
    send(on, [tag for tag in SENT if tag.kind is not MediaKind.AUDIO])

    items = on.subscribe().take(0) or []

    assert items[0].data[:5] == b"FLV\x01\x01"


def test_a_stretch_without_keyframe_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MAX_KEPT_BYTES", 1000)
    on = Broadcast()
    send(on, list(broadcast(seconds=4, gop=10_000)))

    assert taken(on.subscribe()) == []


def test_who_does_not_read_is_cut_and_told_and_costs_nothing_more() -> None:
    on = Broadcast()
    slow, fine = on.subscribe(), on.subscribe()
    cut: list[bool] = []
    slow.on_cut = lambda: cut.append(True)

    for tag in broadcast(seconds=40, n_bytes=20_000):
        send(on, [tag])
        fine.take(0)

    assert cut == [True]
    assert slow.was_cut
    assert slow.take(0) is None
    assert on.n_subscriptions == 1
    assert not fine.was_cut


def test_a_large_beginning_costs_nobody_the_seat() -> None:
    on = Broadcast()
    send(on, list(broadcast(seconds=12, gop=300, n_bytes=40_000)))
    came = on.subscribe()

    send(on, list(broadcast(seconds=1, begin_ms=12_000))[3:])

    assert not came.was_cut
    assert sum(len(item.data) for item in came.take(0) or []) > queue.MAX_UNSENT_BYTES


def test_who_is_behind_is_cut_whatever_little_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    on = Broadcast()
    slow = on.subscribe()
    send(on, SENT[:10])
    now_s = time.monotonic()
    monkeypatch.setattr(queue.time, "monotonic", lambda: now_s + queue.MAX_BEHIND_S + 1)

    send(on, SENT[10:11])

    assert slow.was_cut


def test_another_publisher_brings_its_own_headers() -> None:
    on = Broadcast()
    send(on, SENT)
    stays = on.subscribe()
    taken(stays)

    on.restart()
    late = on.subscribe()
    again = list(broadcast(seconds=1, begin_ms=9000))
    send(on, again)

    assert (
        TagReader(has_header=False).receive_data(
            b"".join(item.data for item in stays.take(0) or [])
        )
        == again
    )
    assert taken(late)[3:] == again[3:]


def test_at_the_end_everybody_gets_what_is_queued() -> None:
    on = Broadcast()
    came = on.subscribe()
    send(on, SENT)
    on.end()

    assert taken(came)[3:] == SENT[3:]
    assert came.take(0) is None
    assert on.subscribe().take(0) is None


def test_it_is_read_on_a_loop_too() -> None:
    async def read() -> list[bytes]:
        on = Broadcast()
        came = on.subscribe()
        reading = asyncio.ensure_future(_all(came))
        await asyncio.sleep(0)
        send(on, SENT)
        on.end()
        return await reading

    blocks = asyncio.run(read())

    assert TagReader().receive_data(b"".join(blocks))[3:] == SENT[3:]


async def _all(subscription: Subscription) -> list[bytes]:
    blocks = []
    while (item := await subscription.get()) is not None:
        blocks.append(item.data)
    return blocks
