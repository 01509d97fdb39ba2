"""The command lines that make one file of what was sent."""

from pipeline.core.argv.mux import MOST_MOVED_BYTES
from pipeline.core.argv.recording import copy_argv, encode_argv
from pipeline.core.argv.source import FORMATS

OPENED = (
    f"-format_whitelist {FORMATS} -protocol_whitelist file,pipe -max_pixels 33177600 "
    "-max_streams 64 -analyzeduration 15000000 -probesize 30000000 -f flv "
    "-dts_delta_threshold 1e12 -dts_error_threshold 1e12 -copyts "
    "-i file:part-000.flv -map 0:v:0? -map 0:a:0? "
)


def test_what_was_sent_is_copied_with_its_times() -> None:
    assert " ".join(copy_argv("part-000.flv", n_bytes=10**6)) == (
        f"{OPENED}-c copy -avoid_negative_ts disabled -map_metadata -1 -fflags +bitexact "
        "-movflags +faststart -f mp4 file:source.mp4 -y"
    )


def test_a_file_too_large_to_be_written_twice_in_silence_keeps_its_index_at_the_end() -> None:
    assert "-movflags" not in copy_argv("part-000.flv", n_bytes=MOST_MOVED_BYTES + 1)


def test_parts_that_differ_are_brought_to_one_form() -> None:
    argv = encode_argv("part-000.flv", "encoded.flv", size_px=(480, 270), threads=2)

    assert " ".join(argv) == (
        f"{OPENED}-vf scale=480:270:force_original_aspect_ratio=decrease:force_divisible_by=2,"
        "pad=480:270:(ow-iw)/2:(oh-ih)/2,setsar=1 -fps_mode passthrough -enc_time_base:v 1:1000 "
        "-c:v libx264 -preset veryfast -crf 16 -pix_fmt yuv420p -profile:v high -level:v 5.2 "
        "-g 60 -bf 0 -threads:v 2 -c:a aac -ar 48000 -ac 2 -b:a 192k "
        "-bsf:a setts=pts='max(PTS,0)':dts='max(DTS,0)' -avoid_negative_ts disabled "
        "-f flv -flvflags no_duration_filesize file:encoded.flv -y"
    )
