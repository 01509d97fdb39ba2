import pytest

from pipeline.core.argv.encoders import ENCODERS, choose, options
from pipeline.core.argv.wish import PRESETS, Wish
from pipeline.core.errors import EncoderUnavailable
from schemas.plan import RungPlan
from schemas.vocabulary import VideoCodec

CAP = {"maxrate": "2500000", "bufsize": "5000000"}
GOP = {"g": "120", "flags": "+cgop"}


def wish(preset: str = "veryfast") -> Wish:
    rung = RungPlan(
        name="720p",
        codec=VideoCodec.H264,
        width_px=1280,
        height_px=720,
        bitrate_bps=2_500_000,
        crf=23,
    )
    return Wish(rung=rung, preset=preset, keyframe_frames=120, threads=2)


TABLE = {
    "libx264": {
        "preset": "veryfast",
        "crf": "23",
        **CAP,
        **GOP,
        "sc_threshold": "0",
        "bf": "2",
        "profile:v": "high",
        "threads": "2",
    },
    "libx265": {
        "preset": "veryfast",
        "crf": "28",
        **CAP,
        "bf": "2",
        "tag:v": "hvc1",
        "profile:v": "main",
        "forced-idr": "1",
        "x265-params": "scenecut=0:open-gop=0:keyint=120:min-keyint=120:info=0"
        ":log-level=error:pools=2",
    },
    "libsvtav1": {
        "preset": "10",
        "crf": "35",
        **CAP,
        **GOP,
        "svtav1-params": "scd=0:lp=2",
    },
    "libvpx-vp9": {
        "crf": "33",
        "b:v": "2500000",
        **CAP,
        "g": "120",
        "keyint_min": "120",
        "deadline": "good",
        "cpu-used": "4",
        "row-mt": "1",
        "threads": "2",
    },
    "h264_nvenc": {
        "preset": "p2",
        "rc": "vbr",
        "cq": "23",
        "b:v": "0",
        **CAP,
        **GOP,
        "bf": "2",
        "no-scenecut": "1",
        "forced-idr": "1",
        "strict_gop": "1",
        "profile:v": "high",
    },
    "hevc_nvenc": {
        "preset": "p2",
        "rc": "vbr",
        "cq": "23",
        "b:v": "0",
        **CAP,
        **GOP,
        "bf": "2",
        "no-scenecut": "1",
        "forced-idr": "1",
        "strict_gop": "1",
        "tag:v": "hvc1",
    },
    "h264_qsv": {
        "preset": "veryfast",
        "global_quality": "23",
        "b:v": "2000000",
        **CAP,
        **GOP,
        "bf": "2",
        "adaptive_i": "0",
        "forced_idr": "1",
        "idr_interval": "0",
        "profile:v": "high",
    },
    "hevc_vaapi": {
        "rc_mode": "QVBR",
        "global_quality": "23",
        "b:v": "2000000",
        **CAP,
        **GOP,
        "bf": "2",
        "idr_interval": "0",
        "tag:v": "hvc1",
    },
}


@pytest.mark.parametrize("encoder", TABLE)
def test_each_encoder_is_asked_in_its_own_words(encoder: str) -> None:
    assert options(encoder, wish()) == {"c:v": encoder, **TABLE[encoder]}


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("preset", [*PRESETS, "unheard-of"])
def test_every_encoder_is_capped_whatever_the_preset(encoder: str, preset: str) -> None:
    found = options(encoder, wish(preset))

    assert found["maxrate"] == "2500000"
    assert "120" in found.get("g", found.get("x265-params", ""))


def test_quick_sync_knows_no_preset_below_veryfast() -> None:
    assert options("h264_qsv", wish("ultrafast"))["preset"] == "veryfast"
    assert options("h264_qsv", wish("slow"))["preset"] == "slow"


def test_a_box_encodes_with_what_it_has() -> None:
    available = ("libx264", "libx265", "h264_qsv", "h264_nvenc")

    assert choose(VideoCodec.H264, available=available, use_gpu=False) == "libx264"
    assert choose(VideoCodec.H264, available=available, use_gpu=True) == "h264_nvenc"
    assert choose(VideoCodec.HEVC, available=available, use_gpu=False) == "libx265"


@pytest.mark.parametrize(("codec", "use_gpu"), [(VideoCodec.AV1, False), (VideoCodec.HEVC, True)])
def test_a_box_without_an_encoder_says_so(codec: VideoCodec, use_gpu: bool) -> None:  # noqa: FBT001
    with pytest.raises(EncoderUnavailable) as caught:
        choose(codec, available=("libx264", "h264_nvenc"), use_gpu=use_gpu)

    assert caught.value.retryable


def test_an_encoder_without_a_table_is_refused() -> None:
    with pytest.raises(EncoderUnavailable):
        options("mpeg4", wish())
