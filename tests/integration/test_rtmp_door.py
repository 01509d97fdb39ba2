"""Real publishers at the door: what they send is kept whole, and handed out."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.rtmp import connection
from pipeline.core.errors import InvalidRequest, Refused
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag
from pipeline.core.live.marks import Break, read_mark
from pipeline.services import sessions, stream_keys
from schemas.streams import SessionEnd, SessionState, StreamKeyChange
from tests.support.broadcasting import Channel, channel
from tests.support.hand_publisher import HandPublisher
from tests.support.live_house import LiveHouse, film, live_house, publisher, tags_of
from tests.support.made_tags import broadcast
from tests.support.ports import free_port
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHouse]:
    with live_house(tmp_path_factory.mktemp("live")) as house:
        yield house


@pytest.fixture
def stream(house: LiveHouse) -> Channel:
    return channel(house.pipeline.database)


def media(tags: list[Tag]) -> list[tuple[MediaKind, bytes]]:
    return [(tag.kind, tag.payload) for tag in tags if tag.kind is not MediaKind.DATA]


def closed(house: LiveHouse, stream: Channel) -> None:
    """End what is on, so that its readers come to an end."""
    running = house.running(stream.id)
    assert running is not None
    sessions.close_session(house.pipeline.database, running.id)


def test_what_is_published_is_read_whole_by_workers_and_stored(
    house: LiveHouse, stream: Channel, tmp_path: Path
) -> None:
    source = film(tmp_path / "source.flv")
    with publisher(source, house.rtmp(stream.secret)) as sending:
        assert sending.wait(20) == 0
    session = house.newest(stream.id)
    with house.read(session.id) as answer:
        closed(house, stream)
        came, sent = tags_of(answer.read()), tags_of(source.read_bytes())

    # ffmpeg ends a file with a tag of its own that it does not publish.
    assert media(came)[: len(media(sent)) - 1] == media(sent)[:-1]
    assert came[0].kind is MediaKind.DATA

    def stored() -> list[Tag]:
        pieces = sessions.pieces_of(house.pipeline.database, session.id)
        tags: list[Tag] = []
        for piece in pieces:
            with house.pipeline.storage.open(piece.key) as blocks:
                tags += tags_of(b"".join(blocks))
        return tags

    wait_until(lambda: stored() == came)


def test_facts_tell_what_comes(house: LiveHouse, stream: Channel, tmp_path: Path) -> None:
    source = film(tmp_path / "source.flv", seconds=6)
    with publisher(source, house.rtmp(stream.secret), is_paced=True) as sending:
        wait_until(lambda: house.running(stream.id) is not None)
        wait_until(lambda: house.newest(stream.id).facts.get("clock_ms", 0) > 2500)
        facts = house.newest(stream.id).facts
        sending.kill()

    assert (facts["video_codec"], facts["audio_codec"]) == ("h264", "aac")
    assert (facts["width_px"], facts["height_px"]) == (160, 90)
    assert facts["frame_rate"] == pytest.approx(25, abs=0.5)
    assert facts["keyframe_interval_s"] == 1.0
    assert facts["bitrate_bps"] > 10_000
    assert abs(facts["drift_ms"]) < 2000
    assert facts["dropped_frames"] == 0


def test_a_second_publisher_is_refused_while_the_first_is_alive(
    house: LiveHouse, stream: Channel
) -> None:
    tags = list(broadcast(seconds=2))
    with HandPublisher(house.door.port, stream.secret) as first:
        first.send(tags)
        with HandPublisher(house.door.port, f"{stream.secret}?token=of+another") as second:
            assert second.refusal is not None
            assert second.refusal.status == "NetStream.Publish.BadName"
            assert "Somebody else publishes" in second.refusal.description

        first.send(broadcast(seconds=1, begin_ms=2000))
        wait_until(lambda: house.newest(stream.id).facts.get("clock_ms", 0) >= 2960)
    assert house.newest(stream.id).epoch == 1


def test_another_connection_takes_over_from_a_dead_one(house: LiveHouse, stream: Channel) -> None:
    first, again = list(broadcast(seconds=2)), list(broadcast(seconds=1))
    with HandPublisher(house.door.port, stream.secret) as dead:
        dead.send(first)
        wait_until(lambda: house.newest(stream.id).silent_s > sessions.opening.ALIVE_S)
        session = house.newest(stream.id)
        with HandPublisher(house.door.port, stream.secret) as alive, house.read(session.id) as read:
            assert alive.is_publishing
            alive.send(again)
            (status, *_) = dead.wait_for_end()[-1:]
            assert status.status == "NetStream.Publish.BadName"
            wait_until(lambda: house.newest(stream.id).facts.get("clock_ms", 0) > 3900)
            closed(house, stream)
            came = tags_of(read.read())

    assert house.newest(stream.id).epoch == 2
    at = next(n for n, tag in enumerate(came) if read_mark(tag.kind, tag.payload) is Break.RETURN)
    assert came[:at] == first
    assert [tag.payload for tag in came[at + 1 :]] == [tag.payload for tag in again]
    # It was away for as long as it was.
    assert came[at].timestamp_ms >= sessions.opening.ALIVE_S * 1000


def test_a_publisher_that_comes_back_goes_on_with_its_broadcast(
    house: LiveHouse, stream: Channel
) -> None:
    with HandPublisher(house.door.port, stream.secret) as one:
        one.send(broadcast(seconds=1))
        one.unpublish()
    wait_until(lambda: house.newest(stream.id).state is SessionState.GRACE)

    with HandPublisher(house.door.port, stream.secret) as one:
        one.send(broadcast(seconds=1))
        wait_until(lambda: house.newest(stream.id).state is SessionState.OPEN)
        assert house.newest(stream.id).epoch == 2
        assert house.newest(stream.id).received_bytes > 0


def test_a_revoked_key_ends_what_it_publishes(house: LiveHouse, stream: Channel) -> None:
    with HandPublisher(house.door.port, stream.secret) as one:
        one.send(broadcast(seconds=1))
        change = StreamKeyChange(rotate=True)
        stream_keys.change(house.pipeline.database, stream.key_id, change, owner=None)
        ended = threading.Event()

        def go_on() -> None:
            while not ended.wait(0.05):
                one.send(broadcast(seconds=0.04))

        sending = threading.Thread(target=go_on)
        sending.start()
        said = one.wait_for_end()
        ended.set()
        sending.join()

    assert said[-1].status == "NetStream.Publish.Denied"
    wait_until(lambda: house.newest(stream.id).end is SessionEnd.REVOKED)


def test_a_wrong_key_is_refused_in_words_and_stays_out_of_the_log(
    house: LiveHouse, stream: Channel, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = stream.secret[:-4] + "AAAA"
    with HandPublisher(house.door.port, wrong) as one:
        assert one.refusal is not None
        assert one.refusal.description == (
            "There is no such stream key. Copy the whole key again, or make a new one."
        )
    with HandPublisher(house.door.port, "k", app="other") as one:
        assert one.refusal is not None

    assert wrong[-20:] not in "".join(capfd.readouterr())


def test_times_past_24_bits_and_jumps_are_put_on_one_clock(
    house: LiveHouse, stream: Channel
) -> None:
    before = list(broadcast(seconds=1, begin_ms=0xFFFFFF - 500))
    after = list(broadcast(seconds=1, begin_ms=77))
    with HandPublisher(house.door.port, stream.secret) as one:
        one.send([*before, *after])
        wait_until(lambda: house.newest(stream.id).facts.get("clock_ms") == 2000 - 40)
        with house.read(house.newest(stream.id).id) as answer:
            closed(house, stream)
            came = tags_of(answer.read())

    frames = [tag.timestamp_ms for tag in came if tag.kind is MediaKind.VIDEO][1:]
    marks = [read_mark(tag.kind, tag.payload) for tag in came if tag.kind is MediaKind.DATA]
    # The headers in the middle lie where the clock stood.
    assert list(dict.fromkeys(frames)) == list(range(0, 2000, 40))
    assert marks == [None, None, Break.JUMP]


def test_who_tries_too_many_keys_is_not_heard_for_a_while(tmp_path: Path) -> None:
    with live_house(tmp_path, rate_auth=2) as house:
        stream = channel(house.pipeline.database)
        for _ in range(2):
            with HandPublisher(house.door.port, "rms_0") as one:
                assert one.refusal is not None
                assert one.refusal.status == "NetStream.Publish.BadName"
        with HandPublisher(house.door.port, stream.secret) as one:
            assert one.refusal is not None
            assert one.refusal.status == "NetStream.Publish.Denied"


def test_a_stream_is_not_played_over_rtmp_and_that_is_said(
    house: LiveHouse, stream: Channel
) -> None:
    with HandPublisher(house.door.port, stream.id, is_publishing=False) as one:
        assert one.refusal is not None
        assert "HLS" in one.refusal.description


def test_there_is_room_for_so_many_connections(tmp_path: Path) -> None:
    with live_house(tmp_path, rtmp_connections_per_address=1) as house:
        stream = channel(house.pipeline.database)
        with HandPublisher(house.door.port, stream.secret) as one:
            with HandPublisher(house.door.port, stream.secret) as other:
                assert not other.is_publishing
            one.send(broadcast(seconds=1))
            assert one.is_publishing


def test_who_asks_for_nothing_is_let_go(house: LiveHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ASKING_S", 0.2)
    with socket.create_connection(("127.0.0.1", house.door.port), timeout=10) as silent:
        assert silent.recv(100) == b""


def test_who_asks_for_nothing_byte_by_byte_is_let_go(
    house: LiveHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ASKING_S", 0.5)
    with socket.create_connection(("127.0.0.1", house.door.port), timeout=0.02) as slow:
        assert any(is_let_go(slow) for _ in range(250))


def is_let_go(slow: socket.socket) -> bool:
    """Send one byte of a handshake, and look whether anybody is there."""
    try:
        slow.sendall(b"\x03")
        return slow.recv(100) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(Refused, match="Cannot listen for RTMP") as raised,
        live_house(tmp_path, rtmp_port=taken.getsockname()[1]),
    ):
        pass
    assert raised.value.instance_code == "rtmp.bind"


def test_a_certificate_that_is_none_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "c.pem"
    broken.write_text("none")
    for certificate in (None, broken):
        with (
            pytest.raises(InvalidRequest) as raised,
            live_house(tmp_path / "d", rtmps_port=free_port(), rtmps_certificate=certificate),
        ):
            pass
        assert raised.value.instance_code == "rtmp.certificate"
