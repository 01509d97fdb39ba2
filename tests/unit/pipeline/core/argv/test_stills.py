"""Command lines of posters and tiles."""

from fractions import Fraction

import pytest

from pipeline.core.argv.source import FORMATS
from pipeline.core.argv.stills import chosen_frame, poster_argv, sprites_argv, tiles_argv
from pipeline.core.storyboard import Board
from schemas.media import MediaFacts, VideoFacts

VIDEO = VideoFacts(
    index=1,
    codec="h264",
    width_px=1920,
    height_px=1080,
    display_width_px=1920,
    display_height_px=1080,
    pixel_format="yuv420p",
    frame_rate=Fraction(25),
    start_s=Fraction(7, 5),
    duration_s=Fraction(60),
)
FACTS = MediaFacts(
    container="mpegts",
    size_bytes=1000,
    duration_s=Fraction(60),
    start_s=Fraction(7, 5),
    video=VIDEO,
    is_seekable=False,
)

CHAIN = (
    "[0:1]select=expr=gte(t\\,31.400000)[s0];[s0]thumbnail=n=25[s1];"
    "[s1]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709[s2];"
    "[s2]sidedata=mode=delete[s3];"
    "[s3]scale=h=720:out_color_matrix=bt601:out_range=pc:w=1280[s4];[s4]setsar=1[s5];"
    "[s5]format=yuv420p[s6];[s6]signalstats[s7];[s7]metadata=file=p.txt:mode=print[s8]"
)


def filters(argv: list[str]) -> str:
    return argv[argv.index("-filter_complex") + 1]


def test_a_poster_is_sought_early_where_seeking_is_not_exact() -> None:
    argv = poster_argv(
        FACTS, source="/c/x", at_s=31.4, window_s=1, size_px=(1280, 720), name="p", threads=2
    )

    assert argv == [
        *("-copyts", "-max_error_rate", "1", "-f", "mpegts", "-format_whitelist", FORMATS),
        *("-max_pixels", "33177600", "-max_streams", "64", "-noaccurate_seek"),
        "-noautorotate",
        *("-protocol_whitelist", "file,pipe", "-seek_timestamp", "1", "-ss", "19.400000"),
        *("-threads", "2", "-i", "file:/c/x", "-filter_complex"),
        CHAIN,
        *("-map", "[s8]", "-f", "image2", "-c:v", "mjpeg", "-color_range", "pc"),
        *("-fps_mode", "passthrough", "-frames:v", "1", "-q:v", "3", "-update", "1", "p.jpg", "-y"),
    ]


def test_a_poster_may_be_one_keyframe_and_nothing_else_is_decoded() -> None:
    argv = poster_argv(
        FACTS,
        source="/c/x",
        at_s=7,
        window_s=None,
        size_px=(2, 2),
        name="p",
        threads=1,
    )

    assert argv[argv.index("-skip_frame") + 1] == "nokey"
    assert "select=expr=gte(t\\,7.000000)*not(selected_n)" in filters(argv)
    assert "thumbnail" not in filters(argv)


def test_tiles_are_picked_by_keyframe_where_that_is_enough() -> None:
    argv = tiles_argv(
        FACTS, source="/c/x", interval_s=10, size_px=(160, 90), threads=1, only_keyframes=True
    )

    assert argv[argv.index("-skip_frame") + 1] == "nokey"
    assert argv.index("-skip_frame") < argv.index("-i")
    assert "setpts=expr=PTS-round(7/5/TB)" in filters(argv)
    assert "fps=eof_action=pass:fps=1/10:round=down:start_time=0" in filters(argv)
    assert argv[-2:] == ["tiles.mjpeg", "-y"]


def test_interlaced_hdr_pictures_are_made_plain() -> None:
    video = VIDEO.model_copy(update={"is_interlaced": True, "color_transfer": "smpte2084"})
    facts = FACTS.model_copy(update={"video": video})

    chain = filters(
        poster_argv(facts, source="/c/x", at_s=2, window_s=1, size_px=(2, 2), name="p", threads=1)
    )

    assert chain.index("bwdif") < chain.index("thumbnail") < chain.index("tonemap")


def test_sprites_read_nothing_but_our_own_tiles() -> None:
    assert sprites_argv(Board(23, 10, 160, 90)) == [
        *(
            "-copyts",
            "-max_error_rate",
            "1",
            "-f",
            "mjpeg",
            "-format_whitelist",
            "mjpeg",
            "-protocol_whitelist",
            "file",
        ),
        *("-i", "file:tiles.mjpeg", "-filter_complex", "[0]tile=layout=10x3[s0]", "-map", "[s0]"),
        *("-f", "image2", "-c:v", "mjpeg", "-color_range", "pc", "-fps_mode", "passthrough"),
        *("-q:v", "5", "-start_number", "0", "sprite-%d.jpg", "-y"),
    ]


def test_the_chosen_frame_is_read_from_what_was_printed() -> None:
    printed = "frame:0    pts:16896   pts_time:1.32\nlavfi.signalstats.YAVG=122.967\n"

    assert chosen_frame(printed) == (Fraction("1.32"), 122.967)
    with pytest.raises(ValueError, match="no frame"):
        chosen_frame("")
