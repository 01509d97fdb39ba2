"""However a source groups its frames, chunks that never met join to every one of them."""

from pathlib import Path

import pytest

from tests.support.clock import numbered, read_numbers
from tests.support.lavfi import make
from tests.support.pressed import Pressed, assert_on_grid

X264 = ("-c:v", "libx264", "-preset", "ultrafast")
PYRAMID = ("-bf", "7", "-b_strategy", "0", "-refs", "4")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params")

#: Seconds, frames a second, container and encoder.
GROUPS: dict[str, tuple[int, str, str, tuple[str, ...]]] = {
    "one of 30 seconds": (31, "12", "mp4", (*X264, "-g", "9999", "-bf", "2")),
    "one of 30 seconds in Matroska": (31, "12", "mkv", (*X264, "-g", "9999", "-bf", "2")),
    "keyframes alone": (8, "25", "mp4", (*X264, "-g", "1")),
    "ProRes": (5, "25", "mov", ("-c:v", "prores_ks", "-profile:v", "0")),
    "Motion JPEG": (5, "25", "mov", ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p")),
    "open": (8, "25", "mp4", (*X264, "-g", "31", "-bf", "3", "-x264-params", "open-gop=1")),
    "a pyramid": (8, "25", "mp4", (*X264, "-g", "47", *PYRAMID, "-x264-params", "b-pyramid=2")),
    "an open pyramid": (
        *(8, "25", "mkv"),
        (*X264, "-g", "47", *PYRAMID, "-x264-params", "b-pyramid=2:open-gop=1"),
    ),
    "HEVC, open": (
        *(8, "25", "mp4"),
        (*X265, "log-level=error:keyint=37:bframes=4:b-pyramid=1:open-gop=1"),
    ),
    "MPEG-2, open": (6, "25", "ts", ("-c:v", "mpeg2video", "-q:v", "2", "-g", "12", "-bf", "2")),
    "AV1": (6, "25", "mp4", ("-c:v", "libsvtav1", "-preset", "12", "-crf", "20", "-g", "60")),
}


@pytest.mark.parametrize("kind", GROUPS)
def test_every_frame_is_there_once_and_in_order(kind: str, tmp_path: Path) -> None:
    seconds, rate, suffix, encoder = GROUPS[kind]
    path = make(tmp_path / f"in.{suffix}", *numbered(seconds, rate), *encoder)

    made = Pressed(path, tmp_path / "made")

    assert len(made.plan.chunks) >= 2 or not made.facts.is_seekable
    assert_on_grid(made)
    assert read_numbers(made.grey()) == list(range(seconds * int(rate)))
