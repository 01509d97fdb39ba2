"""Trials of encoders use the flags of real work."""

from pipeline.core.argv.encoders import ENCODERS
from pipeline.core.argv.trials import (
    audio_trial_argv,
    tone_mapping_trial_argv,
    video_trial_argv,
)


def test_every_video_encoder_of_the_table_has_a_trial() -> None:
    for name in ENCODERS:
        argv = video_trial_argv(name)

        assert argv[argv.index("-c:v") + 1] == name
        assert argv[argv.index("-frames:v") + 1] == "5"


def test_vaapi_is_tried_on_its_device() -> None:
    argv = video_trial_argv("h264_vaapi")

    assert argv[:2] == ["-vaapi_device", "/dev/dri/renderD128"]
    assert "hwupload" in argv[argv.index("-filter_complex") + 1]


def test_tone_mapping_is_tried_as_it_is_done() -> None:
    chain = tone_mapping_trial_argv()

    assert "zscale=npl=100:transfer=linear" in chain[chain.index("-filter_complex") + 1]
    assert chain[-1] == "-"


def test_sound_is_tried_too() -> None:
    assert "libopus" in audio_trial_argv("libopus")
