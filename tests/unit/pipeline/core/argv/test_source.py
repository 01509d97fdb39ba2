from pipeline.core.argv.source import FORMATS, PATIENCE, flags, input_flags, patience


def test_what_a_file_may_do_stands_before_it() -> None:
    assert input_flags() == [
        *("-format_whitelist", FORMATS),
        *("-protocol_whitelist", "file,pipe"),
        *("-max_pixels", "33177600"),
        *("-max_streams", "64"),
    ]


def test_a_box_may_set_tighter_limits() -> None:
    assert input_flags(max_pixels=100, max_streams=2)[-4:] == [
        *("-max_pixels", "100"),
        *("-max_streams", "2"),
    ]


def test_no_demuxer_that_opens_other_files_is_let_in() -> None:
    openers = {
        "concat",
        "hls",
        "dash",
        "imf",
        "image2",
        "sdp",
        "rtsp",
        "tty",
        "lavfi",
        "ffmetadata",
    }

    assert not openers & set(FORMATS.split(","))


def test_only_what_has_no_header_is_looked_into_far_again() -> None:
    assert flags(patience("mov")) == ["-f", "mov"]
    assert flags(patience("mpegts")) == ["-f", "mpegts", *PATIENCE]
