"""Server and client of ours speak with each other; each ends what is out of order, and says why."""

from typing import Any

import pytest

from ingest.rtmp.protocol.chunk_writer import ChunkWriter
from ingest.rtmp.protocol.events import (
    Accepted,
    Closed,
    ConnectRequested,
    MediaReceived,
    Phase,
    PlayRequested,
    PlayStopped,
    PongReceived,
    PublishRequested,
    Refused,
    StatusReceived,
    Unpublished,
)
from ingest.rtmp.protocol.messages import Message, MessageType
from ingest.rtmp.protocol.server import ServerSide
from pipeline.core.flv import amf0
from pipeline.core.flv.errors import Fault
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.limits import Limits
from tests.support.rtmp_pair import Pair, pair

KEYFRAME = b"\x17\x01\0\0\0" + bytes(3000)
NAME = amf0.encode("onMetaData", amf0.EcmaArray({"width": 64.0}))
GREETING = b"\x03" + bytes(1536) + bytes(1536)


def publishing(limits: Limits | None = None) -> Pair:
    both = pair(limits=limits)
    both.talk()
    assert both.client.phase is Phase.PUBLISHING
    both.at_client.clear()
    both.at_server.clear()
    return both


class Raw:
    """A peer that says what no client of ours would."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.server = ServerSide(applications={"live"}, limits=limits)
        self.writer = ChunkWriter()
        self.server.receive_data(GREETING)
        self.server.data_to_send()

    def say(self, *values: Any, type_: int = MessageType.COMMAND, stream_id: int = 0) -> list[Any]:
        payload = b"\0" * (type_ == MessageType.COMMAND_AMF3) + amf0.encode(*values)
        return self.send(type_, payload, stream_id=stream_id)

    def send(self, type_: int, payload: bytes, *, stream_id: int = 1, at: int = 0) -> list[Any]:
        message = Message(type_, stream_id, at, payload)
        return self.server.receive_data(self.writer.write(3 + type_ % 8, message))

    def connect(self) -> None:
        self.say("connect", 1, {"app": "live"})

    def publish(self) -> None:
        self.connect()
        self.say("publish", 5, None, "some-key", "live", stream_id=1)
        self.server.accept_publish()
        self.server.data_to_send()


@pytest.mark.parametrize("step", [0, 1, 7, 1000])
def test_a_client_publishes_and_ends(step: int) -> None:
    both = pair()
    both.talk(step)
    sent = [
        (MediaKind.DATA, 0, NAME),
        (MediaKind.VIDEO, 0, KEYFRAME),
        (MediaKind.AUDIO, 0xFFFFFF, b"\xaf\x01sound"),
        (MediaKind.VIDEO, 2**31 + 5, KEYFRAME * 60),
    ]
    for media in sent:
        both.client.send_media(*media)
    both.talk(step)
    both.client.end()
    both.talk(step)

    assert both.at_client[0] == Accepted()
    assert both.at_server == [
        ConnectRequested(
            app="live",
            tc_url="rtmp://127.0.0.1/live",
            flash_ver="FMLE/3.0 (compatible; reelmill)",
            fourccs=(".mp3", "Opus", "ac-3", "av01", "avc1", "ec-3", "fLaC", "hvc1", "mp4a",
                     "vp08", "vp09"),
        ),
        PublishRequested("some-key", "live"),
        *(MediaReceived(*media) for media in sent),
        Unpublished(),
    ]  # fmt: skip
    assert both.server.phase is Phase.IDLE


@pytest.mark.parametrize("step", [0, 1])
def test_a_client_plays_until_the_stream_ends(step: int) -> None:
    both = pair(is_publishing=False)
    both.talk(step)
    assert PlayRequested("some-key", "live") in both.at_server
    both.at_client.clear()

    both.server.send_media(MediaKind.VIDEO, 40, KEYFRAME)
    both.server.end_play()
    both.talk(step)

    assert both.at_client == [
        MediaReceived(MediaKind.VIDEO, 40, KEYFRAME),
        StatusReceived("status", "NetStream.Play.UnpublishNotify", "It has ended."),
    ]


def test_a_player_may_stop() -> None:
    both = pair(is_publishing=False)
    both.talk()

    both.client.end()
    both.talk()

    assert both.at_server[-1] == PlayStopped()


def test_nothing_is_read_before_we_decide() -> None:
    raw = Raw()
    raw.connect()
    asked = raw.say("publish", 5, None, "some-key", "live", stream_id=1)

    meanwhile = raw.send(MessageType.VIDEO, KEYFRAME)
    raw.server.accept_publish()
    afterwards = raw.server.receive_data(b"")

    assert asked == [PublishRequested("some-key", "live")]
    assert meanwhile == []
    assert afterwards == [MediaReceived(MediaKind.VIDEO, 0, KEYFRAME)]


def test_who_floods_us_before_we_decide_is_ended() -> None:
    raw = Raw(Limits(waiting_bytes=10_000))
    raw.connect()
    raw.say("publish", 5, None, "some-key", stream_id=1)

    events = [event for _ in range(5) for event in raw.send(MessageType.VIDEO, KEYFRAME)]

    assert [event.error.fault for event in events] == [Fault.MEMORY]


def test_who_sends_much_and_asks_for_nothing_is_ended() -> None:
    raw = Raw(Limits(early_bytes=20_000))
    raw.connect()

    events = [event for _ in range(10) for event in raw.send(MessageType.VIDEO, KEYFRAME)]

    assert [event.error.fault for event in events] == [Fault.EARLY]
    raw = Raw(Limits(early_bytes=20_000))
    raw.publish()
    assert len([event for _ in range(10) for event in raw.send(MessageType.VIDEO, KEYFRAME)]) == 10


def test_a_refusal_reaches_the_client_in_words() -> None:
    both = pair()
    both.server.refuse("NetStream.Publish.BadName", "too early, and said all the same")
    assert both.server.phase is Phase.CLOSED

    raw = Raw()
    raw.connect()
    raw.say("publish", 5, None, "wrong", stream_id=1)
    raw.server.refuse("NetStream.Publish.BadName", "That key is not known.")

    assert b"NetStream.Publish.BadName" in raw.server.data_to_send()
    assert raw.send(MessageType.VIDEO, KEYFRAME) == []


def test_a_client_hears_of_a_refusal() -> None:
    both = publishing()

    both.server.refuse("NetStream.Publish.Rejected", "The key was taken back.")
    both.talk()

    assert both.at_client[0] == Refused("NetStream.Publish.Rejected", "The key was taken back.")
    assert isinstance(both.at_client[1], Closed)


def test_an_application_we_lack_is_refused_at_connect() -> None:
    both = pair(app="other")
    both.talk()

    assert isinstance(both.at_server[0], Closed)
    assert both.at_server[0].error is not None
    assert both.at_server[0].error.fault is Fault.APPLICATION
    assert isinstance(both.at_client[0], Refused)
    assert both.at_client[0].status == "NetConnection.Connect.InvalidApp"


def test_commands_in_amf3_are_understood() -> None:
    raw = Raw()

    connected = raw.say("connect", 1, {"app": "live/"}, type_=MessageType.COMMAND_AMF3)
    asked = raw.say("publish", 2, None, "k", type_=MessageType.COMMAND_AMF3, stream_id=1)

    assert isinstance(connected[0], ConnectRequested)
    assert connected[0].app == "live"
    assert asked == [PublishRequested("k", "live")]


@pytest.mark.parametrize(
    "values",
    [
        ("publish", 1, None, "before connect"),
        (5, 1),
        ("publish",),
        ("connect", "one"),
        ("connect", float("nan")),
    ],
)
def test_commands_out_of_turn_or_shape_end_the_connection(values: tuple[Any, ...]) -> None:
    closed = Raw().say(*values)[-1]

    assert closed.error.fault is Fault.COMMAND


@pytest.mark.parametrize("name", ["", 5, None])
def test_a_publish_needs_a_name(name: Any) -> None:
    raw = Raw()
    raw.connect()

    closed = raw.say("publish", 1, None, name)[-1]

    assert closed.error.fault is Fault.COMMAND
    assert b"NetStream.Failed" in raw.server.data_to_send()


def test_one_connection_makes_few_streams() -> None:
    raw = Raw()
    raw.connect()

    events = [event for n in range(17) for event in raw.say("createStream", n, None)]

    assert [event.error.fault for event in events] == [Fault.COMMAND]


def test_a_stream_may_be_published_again_on_the_same_connection() -> None:
    raw = Raw()
    raw.publish()

    ended = raw.say("FCUnpublish", 6, None, "some-key") + raw.say("deleteStream", 7, None, 1)
    again = raw.say("publish", 8, None, "some-key", stream_id=2)

    assert ended == [Unpublished()]
    assert again == [PublishRequested("some-key", "live")]


@pytest.mark.parametrize(
    ("type_", "payload", "said"),
    [
        (MessageType.VIDEO, b"\x96\x10hvc1", b"multitrack"),
        (MessageType.VIDEO, b"\x97\x00\0\0hvc1", b"ModEx"),
        (MessageType.VIDEO, b"\x90vvc1", b"codec of its video"),
        (MessageType.AUDIO, b"\x95\x10Opus", b"multitrack"),
        (MessageType.AUDIO, b"\x97\x00\0\0Opus", b"ModEx"),
        (MessageType.AUDIO, b"\x90what", b"codec of its audio"),
        (MessageType.VIDEO, b"\x90", b"codec of its video"),
    ],
)
def test_media_we_do_not_take_is_refused_with_a_status(
    type_: MessageType, payload: bytes, said: bytes
) -> None:
    raw = Raw()
    raw.publish()

    closed = raw.send(type_, payload)[-1]

    assert closed.error.fault is Fault.MEDIA
    answer = raw.server.data_to_send()
    assert b"NetStream.Publish.Rejected" in answer
    assert said in answer


@pytest.mark.parametrize("code", [b"hvc1", b"av01", b"vp09", b"avc1"])
def test_enhanced_video_is_taken(code: bytes) -> None:
    raw = Raw()
    raw.publish()

    assert raw.send(MessageType.VIDEO, b"\x90" + code + b"record") != []
    assert raw.server.phase is Phase.PUBLISHING


def test_events_before_a_fault_are_told_before_it() -> None:
    raw = Raw()
    raw.publish()
    good = raw.writer.write(6, Message(MessageType.VIDEO, 1, 0, KEYFRAME))
    bad = raw.writer.write(6, Message(MessageType.VIDEO, 1, 0, b"\x96\x10hvc1"))

    events = raw.server.receive_data(good + bad)

    assert [type(event) for event in events] == [MediaReceived, Closed]


def test_large_messages_are_for_those_who_publish() -> None:
    raw = Raw()
    raw.connect()
    large = Message(MessageType.VIDEO, 1, 0, bytes(2**20 + 1))

    assert raw.server.receive_data(raw.writer.write(6, large))[-1].error.fault is Fault.MESSAGE_SIZE

    raw = Raw()
    raw.publish()
    assert len(raw.server.receive_data(raw.writer.write(6, large))) == 1
    larger = Message(MessageType.VIDEO, 1, 0, bytes(8 * 2**20 + 1))
    assert raw.server.receive_data(raw.writer.write(6, larger))[-1].error.fault is (
        Fault.MESSAGE_SIZE
    )


def test_broken_metadata_ends_no_broadcast_and_goes_nowhere() -> None:
    raw = Raw()
    raw.publish()

    assert raw.send(MessageType.DATA, amf0.encode("@setDataFrame") + b"\x02\0\x09cut") == []
    assert raw.send(MessageType.DATA, b"\xff") == []
    assert raw.say("@setDataFrame", "onMetaData", {"w": 1}, type_=MessageType.DATA) == [
        MediaReceived(MediaKind.DATA, 0, amf0.encode("onMetaData", {"w": 1}))
    ]
    assert raw.send(MessageType.DATA_AMF3, b"\0" + NAME) == [MediaReceived(MediaKind.DATA, 0, NAME)]


def test_an_aggregate_is_taken_apart_on_the_messages_clock() -> None:
    def part(type_: int, at: int, payload: bytes) -> bytes:
        head = bytes((type_,)) + len(payload).to_bytes(3, "big")
        time = (at & 0xFFFFFF).to_bytes(3, "big") + bytes((at >> 24,))
        return head + time + bytes(3) + payload + (11 + len(payload)).to_bytes(4, "big")

    raw = Raw()
    raw.publish()
    both = part(9, 0x1FFFFFF, KEYFRAME) + part(8, 0x2000016, b"\xaf\x01s")

    assert raw.send(MessageType.AGGREGATE, both, at=1000) == [
        MediaReceived(MediaKind.VIDEO, 1000, KEYFRAME),
        MediaReceived(MediaKind.AUDIO, 1023, b"\xaf\x01s"),
    ]
    assert raw.send(MessageType.AGGREGATE, both[:-6])[-1].error.fault is Fault.CONTROL


def test_the_clock_goes_on_past_32_bits_and_may_be_set_back() -> None:
    raw = Raw()
    raw.publish()
    times = [0, 2**31 - 1, 2**32 - 40, 0, 40, 2**31, 2**31 - 1000]

    found = [raw.send(MessageType.AUDIO, b"\xaf\x01s", at=time)[0].timestamp_ms for time in times]

    wrapped = 2**32
    assert found == [
        0, 2**31 - 1, 2**32 - 40, wrapped, wrapped + 40, wrapped + 2**31, wrapped + 2**31 - 1000
    ]  # fmt: skip


def test_a_clock_that_begins_below_nothing_never_goes_below_it() -> None:
    raw = Raw()
    raw.publish()

    found = [raw.send(MessageType.AUDIO, b"\xaf\x01s", at=time)[0] for time in (5, 2**32 - 5)]

    assert all(one.timestamp_ms >= 0 for one in found)


def test_pings_are_answered_both_ways() -> None:
    both = publishing()

    both.server.send_ping(77)
    both.talk()
    both.client.send_ping(78)
    both.talk()

    assert both.at_server == [PongReceived(77)]
    assert both.at_client == [PongReceived(78)]


def test_who_pings_without_reading_is_ended() -> None:
    raw = Raw(Limits(answer_bytes=2000))
    ping = b"\0\x06\0\0\0\x01"

    events = [event for _ in range(300) for event in raw.send(MessageType.USER_CONTROL, ping)]

    assert [event.error.fault for event in events] == [Fault.ANSWERS]


def test_what_came_is_acknowledged_by_the_window_that_was_asked_for() -> None:
    raw = Raw()
    raw.publish()
    raw.send(MessageType.WINDOW_SIZE, (100_000).to_bytes(4, "big"), stream_id=0)
    for _ in range(20):
        raw.send(MessageType.VIDEO, KEYFRAME)
    assert raw.server.data_to_send() == b""

    for _ in range(20):
        raw.send(MessageType.VIDEO, KEYFRAME)

    answer = raw.server.data_to_send()
    assert answer[:1] in {b"\x02", b"\x42"}
    assert answer[7 - 1] == MessageType.ACKNOWLEDGEMENT or answer[7] == MessageType.ACKNOWLEDGEMENT
    assert 100_000 <= int.from_bytes(answer[-4:], "big") <= 110_000


@pytest.mark.parametrize("size", [0, 2**20 + 1, 2**31])
def test_chunks_of_no_or_too_large_a_size_are_refused(size: int) -> None:
    closed = Raw().send(MessageType.SET_CHUNK_SIZE, size.to_bytes(4, "big"))[-1]

    assert closed.error.fault is Fault.CHUNK_SIZE


def test_a_control_message_that_is_cut_short_is_refused() -> None:
    assert Raw().send(MessageType.SET_CHUNK_SIZE, b"\0")[-1].error.fault is Fault.CONTROL


@pytest.mark.parametrize("first", [b"\x06", b"GET / HTTP/1.1", b"\x16\x03\x01", b"\x00"])
def test_other_protocols_are_ended_at_their_first_byte(first: bytes) -> None:
    side = ServerSide()

    events = side.receive_data(first)

    assert isinstance(events[0], Closed)
    assert events[0].error is not None
    assert events[0].error.fault is Fault.HANDSHAKE
    assert side.data_to_send() == b""
    assert side.receive_data(GREETING) == []


def test_a_block_with_digests_is_sent_back_as_it_is() -> None:
    block = bytes((0, 0, 0, 1, 0x80, 0, 7, 2)) + bytes(range(256)) * 5 + bytes(248)
    side = ServerSide()

    side.receive_data(b"\x03" + block)

    answer = side.data_to_send()
    assert len(answer) == 1 + 1536 + 1536
    assert answer[5:9] == bytes(4)
    assert answer[1 + 1536 :] == block


def test_to_grant_what_nobody_asked_for_is_a_mistake_of_ours() -> None:
    with pytest.raises(RuntimeError):
        ServerSide().accept_publish()
