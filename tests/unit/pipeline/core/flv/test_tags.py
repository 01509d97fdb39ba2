"""Tags come back as they were written, however a file is cut, and damage is told."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.flv import amf0
from pipeline.core.flv import tags as flv
from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag, TagReader

TAGS = st.builds(Tag, st.sampled_from(MediaKind), st.integers(0, 2**32 - 1), st.binary(max_size=70))


def written(tags: list[Tag]) -> bytes:
    return flv.header() + b"".join(flv.tag(t.kind, t.timestamp_ms, t.payload) for t in tags)


@settings(max_examples=100, deadline=None)
@given(st.lists(TAGS, max_size=5), st.integers(1, 30))
def test_tags_come_back_as_they_were(tags: list[Tag], step: int) -> None:
    data = written(tags)
    reader = TagReader()

    parts = (data[at : at + step] for at in range(0, len(data), step))

    assert [tag for part in parts for tag in reader.receive_data(part)] == tags
    assert reader.whole_bytes == len(data)


def test_a_header_says_what_is_in_it() -> None:
    assert flv.header() == b"FLV\x01\x05\0\0\0\x09\0\0\0\0"
    assert flv.header(has_audio=False)[4] == 1
    assert flv.header(has_video=False)[4] == 4
    assert len(flv.header()) == flv.HEADER_BYTES


def test_a_time_beyond_24_bits_has_its_highest_byte_behind() -> None:
    tag = flv.tag(MediaKind.VIDEO, 0x12345678, b"ab")

    assert tag == b"\x09\0\0\x02\x34\x56\x78\x12\0\0\0ab\0\0\0\x0d"
    assert flv.tag(MediaKind.VIDEO, 2**32 + 5, b"")[4:8] == b"\0\0\x05\0"


def test_a_file_that_was_cut_off_is_read_to_its_last_whole_tag() -> None:
    tags = [Tag(MediaKind.VIDEO, n, bytes(20)) for n in range(3)]
    whole = written(tags[:2])
    reader = TagReader()

    assert reader.receive_data(written(tags)[:-1]) == tags[:2]
    assert reader.whole_bytes == len(whole)


def test_tags_without_a_header_are_read_too() -> None:
    reader = TagReader(has_header=False)

    assert reader.receive_data(written([])[13:] + flv.tag(MediaKind.AUDIO, 1, b"x")) == [
        Tag(MediaKind.AUDIO, 1, b"x")
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF",
        b"FLX",
        flv.header() + bytes(11),
        flv.header() + b"\x29" + bytes(10),
        flv.header() + b"\x09\xff\xff\xff" + bytes(7),
        flv.header() + b"\x09\0\0\x01" + bytes(7) + b"x" + struct.pack(">I", 13),
    ],
)
def test_damage_is_told(data: bytes) -> None:
    with pytest.raises(ProtocolError) as refused:
        TagReader().receive_data(data)

    assert refused.value.fault is Fault.FLV


def test_metadata_is_read_and_nothing_made_of_what_is_none() -> None:
    assert flv.metadata(amf0.encode("onMetaData", amf0.EcmaArray(width=64))) == {"width": 64}
    for other in (b"", b"\xff", amf0.encode("onCuePoint", {}), amf0.encode("onMetaData", 5)):
        assert flv.metadata(other) == {}
