"""Messages come out as they went in, in every form of header, however the bytes are cut."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.rtmp.protocol.chunk_reader import ChunkReader
from ingest.rtmp.protocol.chunk_writer import ChunkWriter
from ingest.rtmp.protocol.messages import Message
from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.limits import Limits
from tests.support.chunk_forms import FULL, NEW_LENGTH, NEW_TIME, SAME, FormWriter, Sent, basic

IDS = st.sampled_from([3, 4, 63, 64, 319, 320, 65599])
TIMES = st.one_of(st.integers(0, 5000), st.sampled_from([0xFFFFFE, 0xFFFFFF, 0x1000000, 2**32 - 1]))


def told(message: Message | Sent) -> tuple[int, int, int, bytes]:
    return message.type, message.stream_id, message.timestamp, message.payload


def read(data: bytes, *, chunk_bytes: int = 128, step: int = 0) -> list[Message]:
    reader = ChunkReader(Limits())
    reader.chunk_bytes = chunk_bytes
    return [
        message
        for at in range(0, len(data), step or len(data) or 1)
        for message in fed(reader, data[at : at + (step or len(data))])
    ]


def fed(reader: ChunkReader, data: bytes) -> Iterator[Message]:
    reader.feed(data)
    while message := reader.next_message():
        yield message


@st.composite
def conversations(draw: st.DrawFn) -> tuple[int, list[Sent], bytes]:
    """Messages on several chunk streams, their chunks interleaved; in the order they end."""
    writer = FormWriter(draw(st.sampled_from([1, 2, 7, 128, 4096])))
    clocks: dict[int, int] = {}
    open_, ended, data = {}, [], b""
    for _ in range(draw(st.integers(1, 12))):
        id_ = draw(IDS)
        while id_ in open_ or (open_ and draw(st.booleans())):
            one = id_ if id_ in open_ else draw(st.sampled_from(sorted(open_)))
            data += open_[one].chunks.pop(0)
            if not open_[one].chunks:
                ended.append(open_.pop(one))
        clocks[id_] = (clocks.get(id_, 0) + draw(TIMES)) % 2**32
        size = draw(st.sampled_from([0, 1, 5, 128, 129, 300]))
        payload = draw(st.binary(min_size=size, max_size=size))
        sent = Sent(
            id_, draw(st.sampled_from([8, 9])), draw(st.integers(0, 1)), clocks[id_], payload
        )
        writer.cut(sent, draw(st.sampled_from([FULL, NEW_LENGTH, NEW_TIME, SAME])))
        open_[id_] = sent
    for one in list(open_):
        data += b"".join(open_[one].chunks)
        ended.append(open_[one])
    return writer.chunk_bytes, ended, data


@settings(max_examples=150, deadline=None)
@given(conversations(), st.integers(1, 40))
def test_messages_come_out_as_they_went_in(
    conversation: tuple[int, list[Sent], bytes], step: int
) -> None:
    chunk_bytes, ended, data = conversation

    whole = read(data, chunk_bytes=chunk_bytes)
    pieces = read(data, chunk_bytes=chunk_bytes, step=step)

    assert [told(message) for message in whole] == [told(message) for message in ended]
    assert pieces == whole


def test_every_split_of_two_gives_the_same() -> None:
    writer = FormWriter(4)
    first = Sent(4, 9, 1, 0x1000000, b"abcdefghij")
    second = Sent(320, 8, 1, 7, b"xyz")
    data = b"".join(writer.cut(first)[:2] + writer.cut(second) + first.chunks[2:])

    for cut in range(len(data) + 1):
        reader = ChunkReader(Limits())
        reader.chunk_bytes = 4
        found = [told(one) for part in (data[:cut], data[cut:]) for one in fed(reader, part)]
        assert found == [told(second), told(first)]


@pytest.mark.parametrize(("time", "step"), [(0, 23), (0xFFFFFF - 46, 23), (2**32 - 46, 23)])
def test_a_header_without_fields_that_begins_a_message_adds_the_step(time: int, step: int) -> None:
    writer = FormWriter()
    sent = [Sent(4, 8, 1, (time + n * step) % 2**32, b"aac%d" % n) for n in range(6)]

    data = b"".join(b"".join(writer.cut(one)) for one in sent)

    assert writer.forms == [FULL, NEW_TIME if time != step else SAME, SAME, SAME, SAME, SAME]
    assert [one.timestamp for one in read(data)] == [one.timestamp for one in sent]


def test_a_full_header_gives_the_step_for_those_without_fields() -> None:
    # As ffmpeg writes sound whose first packet stands at the length of one.
    data = basic(FULL, 4) + b"\0\0\x17" + b"\0\0\x01\x08" + b"\x01\0\0\0" + b"a" + b"\xc4b\xc4c"

    assert [one.timestamp for one in read(data)] == [23, 46, 69]


def test_the_long_time_may_be_left_out_where_a_message_goes_on() -> None:
    time = 0x01020304
    head = basic(FULL, 4) + b"\xff\xff\xff" + b"\0\0\x06\x09" + b"\x01\0\0\0"
    long = time.to_bytes(4, "big")

    with_time = read(head + long + b"abcd" + b"\xc4" + long + b"ef", chunk_bytes=4)
    without = read(head + long + b"abcd" + b"\xc4" + b"ef....", chunk_bytes=4)

    assert [one.payload for one in with_time] == [b"abcdef"]
    assert without[0].payload == b"abcdef"


def test_an_abort_forgets_what_had_come() -> None:
    reader = ChunkReader(Limits())
    lost = FormWriter().cut(Sent(4, 9, 1, 0, bytes(300)))
    assert list(fed(reader, lost[0])) == []
    assert reader.held_bytes == 128

    reader.abort(4)

    assert reader.held_bytes == 0
    kept = Sent(4, 9, 1, 5, b"kept")
    assert [told(one) for one in fed(reader, b"".join(FormWriter().cut(kept)))] == [told(kept)]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (basic(SAME, 4) + b"abc", Fault.CHUNK),
        (basic(NEW_TIME, 4) + b"\0\0\0", Fault.CHUNK),
        (FormWriter().cut(Sent(4, 9, 1, 0, bytes(300)))[0] * 2, Fault.CHUNK),
        (basic(FULL, 4) + b"\0\0\0" + b"\x10\0\x01\x09" + b"\x01\0\0\0", Fault.MESSAGE_SIZE),
    ],
)
def test_headers_that_cannot_be_are_refused(data: bytes, fault: Fault) -> None:
    with pytest.raises(ProtocolError) as refused:
        read(data)

    assert refused.value.fault is fault


def test_chunk_streams_are_counted() -> None:
    ids = range(3, 3 + Limits().chunk_streams)
    data = b"".join(b"".join(FormWriter().cut(Sent(id_, 9, 1, 0, b"x"))) for id_ in ids)
    assert len(read(data)) == Limits().chunk_streams

    with pytest.raises(ProtocolError) as refused:
        read(data + FormWriter().cut(Sent(1000, 9, 1, 0, b"x"))[0])

    assert refused.value.fault is Fault.CHUNK_STREAMS


def test_unfinished_messages_have_one_budget_for_all() -> None:
    reader = ChunkReader(Limits(partial_bytes=1000))
    begun = (FormWriter().cut(Sent(id_, 9, 1, 0, bytes(500)))[0] for id_ in range(3, 20))

    with pytest.raises(ProtocolError) as refused:
        list(fed(reader, b"".join(begun)))

    assert refused.value.fault is Fault.MEMORY
    assert reader.held_bytes <= 1000 + 128


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([4, 6]), TIMES, st.binary(max_size=700)), max_size=8),
    st.sampled_from([1, 128, 4096]),
)
def test_what_our_writer_cuts_our_reader_puts_together(
    messages: list[tuple[int, int, bytes]], chunk_bytes: int
) -> None:
    writer = ChunkWriter()
    writer.chunk_bytes = chunk_bytes
    sent = [(id_, Message(9, 1, time, payload)) for id_, time, payload in messages]

    data = b"".join(writer.write(id_, message) for id_, message in sent)

    assert read(data, chunk_bytes=chunk_bytes) == [message for _, message in sent]
