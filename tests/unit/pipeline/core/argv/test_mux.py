"""The command line of the file to download."""

from pipeline.core.argv.mux import MOST_MOVED_BYTES, mux_argv
from tests.support.timelines import audio, video


def test_tracks_are_copied_side_by_side_and_moved_back_to_zero() -> None:
    second = audio(language="zh-Hant").model_copy(update={"name": "audio-2"})
    argv = mux_argv([video("720p"), audio(language="kor"), second], n_bytes=10**6)

    assert " ".join(argv) == (
        "-copyts -f mov -protocol_whitelist file -i file:720p.track.mp4 "
        "-f mov -protocol_whitelist file -i file:audio.track.mp4 "
        "-f mov -protocol_whitelist file -i file:audio-2.track.mp4 "
        "-map 0:0 -map 1:0 -map 2:0 -f mp4 -c copy -fflags +bitexact -map_metadata -1 "
        "-metadata:s:a:0 language=kor -movflags +faststart -output_ts_offset -10 "
        "file:download.mp4 -y"
    )


def test_a_file_too_large_to_be_written_twice_in_silence_keeps_its_index_at_the_end() -> None:
    assert "+faststart" in mux_argv([video("720p")], n_bytes=MOST_MOVED_BYTES)
    assert "-movflags" not in mux_argv([video("720p")], n_bytes=MOST_MOVED_BYTES + 1)
