import io
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.framing import Body, FramingError, body_of


def never() -> None:
    """Stand in for the 100-continue."""


def read(headers: dict[str, str], wire: bytes) -> tuple[bytes, bytes]:
    """Read one body; give it and what was left on the wire."""
    source = io.BytesIO(wire)
    return body(headers, source).read(), source.read()


def body(headers: dict[str, str], source: io.BytesIO) -> Body:
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return body_of(message, source, never)


def test_a_sized_body_ends_where_the_next_request_starts() -> None:
    assert read({"Content-Length": "3"}, b"abcGET /") == (b"abc", b"GET /")


def test_no_length_means_no_body() -> None:
    assert read({}, b"GET /") == (b"", b"GET /")


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.sampled_from([b"", b"A: x\r\n"])
)
def test_chunks_come_out_as_they_went_in(pieces: list[bytes], trailer: bytes) -> None:
    wire = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    wire += b"0\r\n" + trailer + b"\r\n"
    assert read({"Transfer-Encoding": "chunked"}, wire + b"GET /") == (b"".join(pieces), b"GET /")


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"5\r\nabc",
        b"3\r\nabcXX0\r\n\r\n",
        b"+3\r\nabc\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n",
        b"-1\r\n",
        b"ffffffffffffffffffff\r\n",
        b"3\nabc\n0\n\n",
        b"0\r\nno end of trailers",
    ],
)
def test_chunks_of_another_shape_are_refused(wire: bytes) -> None:
    with pytest.raises(FramingError):
        read({"Transfer-Encoding": "chunked"}, wire)


def test_a_short_sized_body_is_an_error() -> None:
    with pytest.raises(FramingError):
        read({"Content-Length": "5"}, b"abc")


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Length", "+5")],
        [("Content-Length", "5, 5")],
        [("Content-Length", "-1")],
        [("Content-Length", "9" * 30)],
        [("Content-Length", "5"), ("Content-Length", "6")],
        [("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
        [("Transfer-Encoding", "gzip, chunked")],
        [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")],
    ],
)
def test_lengths_that_could_be_read_two_ways_are_refused(headers: list[tuple[str, str]]) -> None:
    message = Message()
    for name, value in headers:
        message[name] = value

    with pytest.raises(FramingError):
        body_of(message, io.BytesIO(b"hello"), never)


def test_the_client_is_told_to_go_on_at_the_first_read_only() -> None:
    told: list[str] = []
    message = Message()
    message["Content-Length"] = "4"
    upload = body_of(message, io.BytesIO(b"abcd"), lambda: told.append("100"))

    assert not upload.was_touched()
    upload.read(2)
    upload.read(2)

    assert told == ["100"]
    assert upload.is_finished
