"""What is read from sequence headers agrees with what ffmpeg was asked to make."""

from pathlib import Path

import pytest

from pipeline.core.flv import tags as flv
from pipeline.core.flv.codecs import CodecFacts, codec, facts
from pipeline.core.flv.kinds import MediaKind

SOURCE = Path(__file__).parents[3] / "ingest/rtmp/captures/source.flv"
VIDEO, AUDIO = MediaKind.VIDEO, MediaKind.AUDIO
#: 1920x1080 (cropped from 1088), High 4.0.
FULL_HD = bytes.fromhex(
    "1700000000" "01640028ffe10019"
    "67640028acd940780227e5c044000003000400000300c83c60c658" "01000668ebe3cb22c0"
)  # fmt: skip


def configured(kind: MediaKind) -> CodecFacts:
    tags = flv.TagReader().receive_data(SOURCE.read_bytes())
    return next(
        facts(tag.kind, tag.payload)
        for tag in tags
        if tag.kind is kind and flv.is_sequence_header(kind, tag.payload)
    )


def test_what_a_file_is_made_of_is_known() -> None:
    video, audio = configured(VIDEO), configured(AUDIO)

    assert (video.codec, video.width, video.height) == ("h264", 64, 48)
    assert (audio.codec, audio.sample_rate_hz, audio.n_channels) == ("aac", 44100, 1)
    assert audio.profile == 2


def test_a_cropped_picture_is_as_large_as_it_is_shown() -> None:
    assert facts(VIDEO, FULL_HD) == CodecFacts(
        "h264", profile=100, level=40, width=1920, height=1080
    )


@pytest.mark.parametrize(
    ("kind", "payload", "told"),
    [
        (VIDEO, b"\x90hvc1" + bytes((1, 0x02)) + bytes(10) + bytes((120,)),
         CodecFacts("hevc", profile=2, level=120)),
        (VIDEO, b"\x90av01\x81\x08\x0c\0", CodecFacts("av1", profile=0, level=8)),
        (VIDEO, b"\x90vp09\x01\0\0\0\x00\x1f\x82", CodecFacts("vp9", profile=0, level=31)),
        (AUDIO, b"\x90Opus" + b"OpusHead\x01\x02", CodecFacts("opus", sample_rate_hz=48000,
                                                              n_channels=2)),
        (AUDIO, b"\xaf\x00\x11\x90", CodecFacts("aac", 2, sample_rate_hz=48000, n_channels=2)),
        (AUDIO, b"\xaf\x00\x17\x80\x5d\xc0\x10",
         CodecFacts("aac", 2, sample_rate_hz=48000, n_channels=2)),
        (VIDEO, b"\x17\x00\0\0\0\x01\x64", CodecFacts("h264")),
        (VIDEO, b"\x90hvc1\x01", CodecFacts("hevc")),
        (VIDEO, b"\x90vvc1", CodecFacts("")),
        (VIDEO, b"", CodecFacts("")),
    ],
)  # fmt: skip
def test_sequence_headers_are_read_as_far_as_they_go(
    kind: MediaKind, payload: bytes, told: CodecFacts
) -> None:
    assert facts(kind, payload) == told


def test_codecs_are_named_as_ffmpeg_names_them() -> None:
    assert codec(VIDEO, b"\x1c\x01") == "hevc"
    assert codec(AUDIO, b"\x90fLaC") == "flac"
    assert codec(AUDIO, b"\x2f\x01") == "mp3"
    assert codec(MediaKind.DATA, b"\x02") == ""
