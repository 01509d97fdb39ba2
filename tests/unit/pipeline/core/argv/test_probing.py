"""Command lines that look into a source, whole."""

from pipeline.core.argv.probing import decode_argv, describe_argv, packets_argv, seek_argv
from pipeline.core.argv.source import input_flags

GUARDS = input_flags(max_pixels=1000, max_streams=9)
QUIET = ["-hide_banner", "-loglevel", "repeat+level+warning"]
PATIENT = ["-analyzeduration", "15000000", "-probesize", "30000000"]


def test_a_source_is_described_as_what_it_is() -> None:
    argv = describe_argv("/cache/abc", demuxer="mov", max_pixels=1000, max_streams=9)

    assert argv == [
        *QUIET,
        *GUARDS,
        *("-f", "mov"),
        *PATIENT,
        *("-i", "file:/cache/abc"),
        *("-show_format", "-show_streams", "-show_chapters", "-of", "json"),
    ]


def test_packets_are_asked_for_in_lines_and_only_of_the_beginning_if_told() -> None:
    argv = packets_argv("/cache/abc", demuxer=None, max_pixels=1000, max_streams=9, first_s=600)

    assert argv == [
        *QUIET,
        *GUARDS,
        *PATIENT,
        *("-i", "file:/cache/abc"),
        *("-read_intervals", "%+600"),
        *(
            "-show_entries",
            "packet=stream_index,pts,dts,duration,flags:packet_side_data=skip_samples",
        ),
        *("-of", "csv=p=0"),
    ]


def test_a_seek_is_asked_of_one_stream() -> None:
    assert seek_argv("/cache/abc", demuxer="mov", stream_index=2, at_s=1.5) == [
        *QUIET,
        *input_flags(),
        *("-f", "mov", "-i", "file:/cache/abc"),
        *("-select_streams", "2", "-read_intervals", "1.500000%+#1"),
        *("-show_entries", "packet=pts_time", "-of", "csv=p=0"),
    ]


def test_a_broadcast_is_tried_with_the_patience_it_was_described_with() -> None:
    argv = decode_argv("/cache/abc", demuxer="mpegts", stream_index=1, n_frames=3, threads=2)

    at = argv.index("-f")
    assert argv[at : at + 6] == ["-f", "mpegts", *PATIENT]


def test_a_trial_decode_throws_its_frames_away() -> None:
    argv = decode_argv("/cache/abc", demuxer="mov", stream_index=3, n_frames=3, threads=2)

    assert argv == [
        *("-max_error_rate", "1"),
        *input_flags(),
        *("-f", "mov", "-threads", "2", "-i", "file:/cache/abc"),
        *("-map", "0:3", "-frames:v", "3", "-frames:a", "3", "-f", "null", "-"),
    ]
