"""What the first bytes of audio and video say."""

import pytest

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import is_keyframe, is_sequence_header, untaken

VIDEO, AUDIO, DATA = MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.DATA


@pytest.mark.parametrize(
    ("kind", "payload", "begins", "configures"),
    [
        (VIDEO, b"\x17\x00\0\0\0\x01", False, True),
        (VIDEO, b"\x17\x01\0\0\0", True, False),
        (VIDEO, b"\x27\x01\0\0\0", False, False),
        (VIDEO, b"\x17\x02\0\0\0", False, False),
        (VIDEO, b"\x12\x00", True, False),
        (VIDEO, b"\x22\x00", False, False),
        (VIDEO, b"\x90hvc1", False, True),
        (VIDEO, b"\x91hvc1\0\0\0", True, False),
        (VIDEO, b"\x93av01", True, False),
        (VIDEO, b"\xa1hvc1\0\0\0", False, False),
        (VIDEO, b"\x92hvc1", False, False),
        (VIDEO, b"\x94hvc1", False, False),
        (VIDEO, b"", False, False),
        (AUDIO, b"\xaf\x00\x12\x10", False, True),
        (AUDIO, b"\xaf\x01", False, False),
        (AUDIO, b"\x2f\x00", False, False),
        (AUDIO, b"\x90Opus", False, True),
        (AUDIO, b"\x91Opus", False, False),
        (AUDIO, b"", False, False),
        (DATA, b"\x02\x00", False, False),
    ],
)
def test_beginnings_and_configurations_are_known(
    kind: MediaKind, payload: bytes, *, begins: bool, configures: bool
) -> None:
    assert is_keyframe(kind, payload) is begins
    assert is_sequence_header(kind, payload) is configures


def test_classic_media_is_taken_whatever_its_codec() -> None:
    assert untaken(VIDEO, b"\x12\x00") is None
    assert untaken(AUDIO, b"\x2f\x00") is None
