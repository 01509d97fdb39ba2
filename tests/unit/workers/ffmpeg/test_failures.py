"""Real last words of ffmpeg 9 and ffprobe 8.1, and what we make of them."""

import pytest

from pipeline.core.errors import (
    EncoderUnavailable,
    MediaDamaged,
    MediaUnsupported,
    NotMedia,
    ReelmillError,
    ScratchFull,
    WorkFailed,
)
from workers.ffmpeg.failures import failure

NVENC = """\
[h264_nvenc @ 0x557a7ac5d080] [error] Cannot load libcuda.so.1
[vost#0:0/h264_nvenc @ 0x557a7acab380] [enc:h264_nvenc @ 0x557a7ac1fdc0] [error] Error while \
opening encoder - maybe incorrect parameters such as bit_rate, rate, width or height.
[vost#0:0/h264_nvenc @ 0x557a7acab380] [error] Task finished with error code: -22
"""
VAAPI = """\
[error]     dst: vaapi
[vf#0:0 @ 0x55efb5c7c640] [error] Error reinitializing filters!
[vost#0:0/h264_vaapi @ 0x55efb5cca380] [error] Could not open encoder before EOF
"""
QSV = "[h264_qsv @ 0x55a4dcdfc080] [error] Error creating a MFX session: -9.\n"
SESSIONS = "[h264_nvenc @ 0x1] [error] OpenEncodeSessionEx failed: out of memory (10)\n"
FULL = """\
[vost#0:0/mpeg2video @ 0x564d944a0340] [error] Error submitting a packet to the muxer: \
No space left on device
[out#0/mpegts @ 0x564d94448480] [error] Error muxing a packet
"""
MOOV = """\
[in#0 @ 0x5567e82fc0c0] [error] moov atom not found
[in#0 @ 0x5567e82fbd40] [error] Error opening input: Invalid data found when processing input
"""
JUNK = "[in#0 @ 0x55c] [error] Error opening input: Invalid data found when processing input\n"
PIXELS = """\
[h264 @ 0x7f9] [IMGUTILS @ 0x7ffd] [error] Picture size 15000x15000 exceeds specified max pixel \
count 1000, see the documentation if you wish to increase it
[h264 @ 0x7f9] [error] no frame!
"""
MEMORY = "[dec:h264 @ 0x5] [error] Error while opening decoder: Resource temporarily unavailable\n"
NO_FRAME = """\
[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [error] Decoding error: Invalid data found when processing \
input
[vost#0:0/libx264 @ 0x3] [enc:libx264 @ 0x4] [error] Could not open encoder before EOF
"""
MISSING = "not started: /nonexist/ffmpeg: No such file or directory\n"
OPEN = "not confined: files: Operation not permitted\n"
NO_STREAM = "[fatal] Stream map '' matches no streams.\n"
DECODE = "[dec:h264 @ 0x5] [error] Decoding error: Invalid data found when processing input\n"
UNKNOWN = "[vost#0:0 @ 0x5] [fatal] Unknown encoder 'nocodec'\n"


@pytest.mark.parametrize(
    ("exit_code", "words", "kind", "code"),
    [
        (255, NVENC, EncoderUnavailable, "work.encoder_unavailable"),
        (218, VAAPI, EncoderUnavailable, "work.encoder_unavailable"),
        (171, QSV, EncoderUnavailable, "work.encoder_unavailable"),
        (255, SESSIONS, EncoderUnavailable, "work.encoder_unavailable"),
        (8, UNKNOWN, EncoderUnavailable, "work.encoder_unknown"),
        (228, FULL, ScratchFull, "work.scratch_full"),
        (183, MOOV, MediaDamaged, "media.moov_missing"),
        (183, JUNK, NotMedia, "media.not_media"),
        (234, PIXELS, MediaUnsupported, "media.too_many_pixels"),
        (245, MEMORY, WorkFailed, "work.out_of_memory"),
        (127, MISSING, WorkFailed, "work.tool_missing"),
        (125, OPEN, WorkFailed, "work.not_confined"),
        (234, NO_STREAM, NotMedia, "media.no_streams"),
        (69, DECODE, MediaDamaged, "media.damaged"),
        (234, NO_FRAME, MediaDamaged, "media.undecodable"),
        (1, "something new", WorkFailed, "work.failed"),
        (1, "", WorkFailed, "work.failed"),
        (-9, "", WorkFailed, "work.killed"),
        (-25, "", WorkFailed, "work.output_too_large"),
        (-11, "", WorkFailed, "work.crashed"),
        (-64, "", WorkFailed, "work.crashed"),
    ],
)
def test_last_words_become_our_errors(
    exit_code: int, words: str, kind: type[ReelmillError], code: str
) -> None:
    error = failure("ffmpeg", exit_code, words)

    assert type(error) is kind
    assert error.instance_code == code


def test_a_full_disk_is_never_blamed_on_the_source() -> None:
    error = failure("ffmpeg", 1, DECODE + FULL)

    assert isinstance(error, ScratchFull)
    assert error.retryable


def test_the_detail_is_one_short_line_without_addresses() -> None:
    error = failure("ffmpeg", 183, MOOV)

    assert error.detail == "ffmpeg: [in#0] [error] moov atom not found"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "[error] file:/srv/data/assets/01a2/source: Invalid data found when processing input",
            "ffprobe: [error] the file: Invalid data found when processing input",
        ),
        (
            "/srv/data/scratch/7/360p/00000.m4s: No space left on device",
            "ffprobe: 00000.m4s: No space left on device",
        ),
        (
            "3ad96b9ec0] [dec:h264 @ 0x3ad9] [error] Decoding error: Invalid data found",
            "ffprobe ended with exit code 1: [dec:h264] [error] Decoding error: Invalid data found",
        ),
        ("[out/s] rate 1/2: Invalid data found", "ffprobe ended with exit code 1: [out/s] rate"),
    ],
)
def test_the_detail_shows_no_folder_of_ours_and_no_torn_beginning(said: str, shown: str) -> None:
    assert failure("ffprobe-linux-x64", 1, said).detail.startswith(shown)
