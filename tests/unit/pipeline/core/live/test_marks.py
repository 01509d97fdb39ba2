"""Marks are found among other data, and nothing else is taken for one."""

import pytest

from pipeline.core.flv import amf0
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.live.marks import NAME, Break, mark, read_mark


@pytest.mark.parametrize("reason", Break)
def test_a_mark_says_why(reason: Break) -> None:
    assert read_mark(MediaKind.DATA, mark(reason, epoch=3)) is reason


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        amf0.encode("onMetaData", {"title": NAME}),
        amf0.encode("onMetaData", {"reason": "jump"}),
        amf0.encode(NAME),
        amf0.encode(NAME, {"reason": "elsewhere"}),
        amf0.encode(NAME, "jump"),
        mark(Break.JUMP, epoch=1)[:-9],
    ],
)
def test_other_data_is_no_mark(payload: bytes) -> None:
    assert read_mark(MediaKind.DATA, payload) is None


def test_media_is_no_mark() -> None:
    assert read_mark(MediaKind.VIDEO, mark(Break.JUMP, epoch=1)) is None
