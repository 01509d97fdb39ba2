"""Values come back as they were; what is no value, too deep or too much is refused at once."""

import math
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.flv import amf0
from pipeline.core.flv.amf0 import EcmaArray, decode, encode
from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.limits import Limits

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)
LEAVES = st.one_of(st.none(), st.booleans(), st.floats(allow_nan=False), TEXT)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(NAMES, inner, max_size=4),
        st.dictionaries(NAMES, inner, max_size=4).map(EcmaArray),
    ),
    max_leaves=12,
)
AMF3 = b"\x11"


@settings(max_examples=200, deadline=None)
@given(st.lists(VALUES, max_size=4))
def test_values_come_back_as_they_were(values: list[Any]) -> None:
    found = decode(encode(*values))

    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def test_long_texts_have_a_form_of_their_own() -> None:
    assert decode(encode("x" * 70_000, "y")) == ["x" * 70_000, "y"]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x00\x3f\xf0\0\0\0\0\0\0", 1.0),
        (b"\x01\x01", True),
        (b"\x02\0\x04live", "live"),
        (b"\x03\0\x03app\x02\0\x04live\0\0\x09", {"app": "live"}),
        (b"\x05", None),
        (b"\x06", None),
        (b"\x08\0\0\0\0\0\x01w\x00\x40\x50\0\0\0\0\0\0\0\0\x09", {"w": 64.0}),
        (b"\x0a\0\0\0\x02\x05\x01\x00", [None, False]),
        (b"\x0b\x42\x77\x48\0\0\0\0\0\0\0", 1599875317760.0),
        (b"\x0c\0\0\0\x02ab", "ab"),
        (b"\x0d", None),
        (b"\x0f\0\0\0\x03<a>", "<a>"),
        (b"\x10\0\x01T\0\x01a\x05\0\0\x09", {"a": None}),
        (b"\x02\0\x01\xff", "\ufffd"),
        # AMF3, as clients of objectEncoding 3 send: integers, texts, references to texts, objects.
        (AMF3 + b"\x04\x7f", 127),
        (AMF3 + b"\x04\x81\x00", 128),
        (AMF3 + b"\x04\xff\xff\xff\xff", -1),
        (AMF3 + b"\x04\xbf\xff\xff\xff", 2**28 - 1),
        (AMF3 + b"\x05\x3f\xf0\0\0\0\0\0\0", 1.0),
        (AMF3 + b"\x06\x09live", "live"),
        (AMF3 + b"\x08\x01" + struct.pack(">d", 5.0), 5.0),
        (AMF3 + b"\x09\x05\x01\x06\x03a\x06\x00", ["a", "a"]),
        (AMF3 + b"\x09\x03\x03k\x03\x01\x02", {"k": True, "0": False}),
        (AMF3 + b"\x0a\x0b\x01\x07app\x06\x09live\x01", {"app": "live"}),
        (AMF3 + b"\x0a\x13\x01\x03x\x04\x05", {"x": 5}),
        (AMF3 + b"\x09\x05\x01\x0a\x13\x01\x03x\x04\x01\x0a\x01\x04\x02", [{"x": 1}, {"x": 2}]),
    ],
)
def test_the_wires_own_bytes_are_read(data: bytes, value: Any) -> None:
    assert decode(data) == [value]


def test_numbers_that_are_none_pass_as_numbers() -> None:
    assert math.isnan(decode(b"\x00\x7f\xf8\0\0\0\0\0\0")[0])


def nested(depth: int) -> bytes:
    return b"\x0a\0\0\0\x01" * depth + b"\x05"


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x3f",
        b"\x02\0\x05live",
        b"\x04",
        b"\x07\0\0",
        b"\x0e",
        b"\xff",
        b"\x03\0\x03app",
        b"\x03\0\0",
        b"\x0a\xff\xff\xff\xff",
        b"\x0c\xff\xff\xff\xff",
        b"\x08\0\0\0\0\0\x01a",
        nested(17),
        nested(100_000),
        b"\x05" * 5000,
        b"\x0a\0\0\x13\x88" + b"\x05" * 5000,
        AMF3 + b"\x06\x00",
        AMF3 + b"\x06\xff\xff\xff\xff",
        AMF3 + b"\x0a\x00",
        AMF3 + b"\x0a\x07\x01",
        AMF3 + b"\x0a\xff\xff\xff\xfb\x01",
        AMF3 + b"\x09\xff\xff\xff\xff\x01",
        AMF3 + b"\x0c\x05ab",
        AMF3 + b"\x0d",
        AMF3,
        AMF3 + b"\x09\x03\x01" * 5000,
        AMF3 + b"\x0a\x0b\x01" + b"\x03a" * 5000,
    ],
)
def test_what_is_no_value_or_too_much_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError) as refused:
        decode(data)

    assert refused.value.fault is Fault.AMF
    assert refused.value.instance_code == "rtmp.protocol"


def test_depth_and_count_are_limits() -> None:
    assert decode(nested(3), Limits(amf_depth=3)) != []
    with pytest.raises(ProtocolError):
        decode(nested(4), Limits(amf_depth=3))
    assert len(decode(b"\x05" * 9, Limits(amf_values=9))) == 9
    with pytest.raises(ProtocolError):
        decode(b"\x05" * 10, Limits(amf_values=9))


@settings(max_examples=500, deadline=None)
@given(st.sampled_from([b"", AMF3]), st.binary(max_size=80))
def test_any_bytes_are_values_that_can_be_written_or_refused(head: bytes, data: bytes) -> None:
    with suppress(ProtocolError):
        encode(*decode(head + data))


def test_what_has_no_form_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError):
        amf0.encode(object())
