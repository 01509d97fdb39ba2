"""A door that dies: what it was sent is found by the next, and nothing is lost but the last."""

import time
from pathlib import Path

from pipeline.bootstrap import build
from pipeline.core.flv.tags import Tag
from pipeline.core.live.marks import Break, read_mark
from pipeline.services import sessions
from pipeline.settings import Settings
from schemas.streams import SessionState
from tests.support.broadcasting import Channel, channel
from tests.support.hand_publisher import HandPublisher
from tests.support.live_house import LiveHouse, live_house, tags_of
from tests.support.live_process import live_process
from tests.support.made_tags import broadcast
from tests.support.waiting import wait_until


def set_up(data_dir: Path) -> Channel:
    pipeline = build(Settings(data_dir=data_dir, _env_file=None))
    stream = channel(pipeline.database)
    pipeline.close()
    return stream


def stored(house: LiveHouse, stream: Channel) -> list[Tag]:
    """Read what is in storage of a stream's broadcast."""
    tags: list[Tag] = []
    for piece in sessions.pieces_of(house.pipeline.database, house.newest(stream.id).id):
        with house.pipeline.storage.open(piece.key) as blocks:
            tags += tags_of(b"".join(blocks))
    return tags


def test_a_killed_door_loses_no_more_than_the_last_two_seconds(tmp_path: Path) -> None:
    stream = set_up(tmp_path)
    sent: list[Tag] = []
    with live_process(tmp_path) as door, HandPublisher(door.port, stream.secret) as one:
        began_at_s = time.monotonic()
        for tag in broadcast(seconds=30):
            if tag.timestamp_ms > (time.monotonic() - began_at_s) * 5000:
                time.sleep(0.01)
            one.send([tag])
            sent.append(tag)
            if tag.timestamp_ms > 14_000:
                break
        door.kill()

    with live_house(tmp_path) as house:
        # Before its publisher is back: what was found goes into storage.
        wait_until(
            lambda: (
                len(sessions.pieces_of(house.pipeline.database, house.newest(stream.id).id)) == 2
            )
        )
        wait_until(lambda: house.newest(stream.id).state is SessionState.GRACE)
        session = house.newest(stream.id)
        kept = stored(house, stream)
        lost_ms = sent[-1].timestamp_ms - kept[-1].timestamp_ms
        # Sent at five times its pace.
        assert lost_ms <= 2000 * 5
        with house.read(session.id) as read, HandPublisher(house.door.port, stream.secret) as one:
            again = list(broadcast(seconds=1))
            one.send(again)
            wait_until(
                lambda: (
                    house.newest(stream.id).facts.get("clock_ms", 0) > kept[-1].timestamp_ms + 900
                )
            )
            sessions.close_session(house.pipeline.database, session.id)
            came = tags_of(read.read())

    at = next(n for n, tag in enumerate(came) if read_mark(tag.kind, tag.payload) is Break.RETURN)
    assert came[:at] == sent[:at]
    assert came[at - 1].timestamp_ms == kept[-1].timestamp_ms
    assert [tag.payload for tag in came[at + 1 :]] == [tag.payload for tag in again]
    times = [tag.timestamp_ms for tag in came]
    assert times == sorted(times)


def test_a_door_that_is_stopped_leaves_its_sessions_to_the_next(tmp_path: Path) -> None:
    stream = set_up(tmp_path)
    sent = list(broadcast(seconds=2))
    with live_house(tmp_path) as house, HandPublisher(house.door.port, stream.secret) as one:
        one.send(sent)
        wait_until(lambda: house.newest(stream.id).facts.get("clock_ms", 0) > 1900)
    with live_house(tmp_path) as house:
        session = house.newest(stream.id)
        assert session.state is SessionState.GRACE
        assert stored(house, stream) == sent
        with HandPublisher(house.door.port, stream.secret) as one:
            one.send(sent)
            wait_until(lambda: house.newest(stream.id).state is SessionState.OPEN)
        assert house.newest(stream.id).epoch == 2


def test_what_is_over_and_stored_is_cleared_away(tmp_path: Path) -> None:
    stream = set_up(tmp_path)
    with live_house(tmp_path) as house:
        with HandPublisher(house.door.port, stream.secret) as one:
            one.send(broadcast(seconds=2))
            one.unpublish()
        wait_until(lambda: house.newest(stream.id).state is SessionState.GRACE)
        session = house.newest(stream.id)
        wait_until(lambda: len(sessions.pieces_of(house.pipeline.database, session.id)) == 1)
        sessions.close_session(house.pipeline.database, session.id)
        folder = tmp_path / "spool" / session.id
        house.door.sweep(keep_s=0)
        wait_until(lambda: house.door.sweep(keep_s=0) or not folder.exists())
        wait_until(lambda: house.door.known(session.id) is None)
