"""The command line that scores a rung, and the reading of its answer."""

import pytest

from pipeline.core.argv.comparing import vmaf_argv, vmaf_mean
from schemas.plan import RungPlan
from schemas.vocabulary import VideoCodec

TOP = RungPlan(
    name="1080p",
    codec=VideoCodec.H264,
    width_px=1920,
    height_px=1080,
    bitrate_bps=5_000_000,
    crf=23,
)


def test_what_was_made_is_scored_at_the_references_size() -> None:
    argv = vmaf_argv("0/480p.mp4", "0/reference.mp4", size_of=TOP, threads=2)

    assert " ".join(argv) == (
        "-f mov -protocol_whitelist file -i file:0/480p.mp4 "
        "-f mov -protocol_whitelist file -i file:0/reference.mp4 "
        "-filter_complex [0:0]setpts=PTS-STARTPTS[s0];"
        "[s0]scale=flags=bicubic:h=1080:w=1920[s1];"
        "[1:0]setpts=PTS-STARTPTS[s2];"
        "[s1][s2]libvmaf=log_fmt=json:log_path=vmaf.json:n_subsample=4:n_threads=2[s3] "
        "-map [s3] -f null -"
    )


def test_the_mean_is_read_from_the_report() -> None:
    assert vmaf_mean('{"pooled_metrics": {"vmaf": {"mean": 93.25}}}') == 93.25
    with pytest.raises(ValueError, match="no mean"):
        vmaf_mean('{"frames": []}')
