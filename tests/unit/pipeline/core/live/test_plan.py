from dataclasses import replace
from fractions import Fraction

import pytest

from pipeline.core.errors import MediaUnsupported
from pipeline.core.live import plan
from pipeline.core.live.shape import AudioShape, Shape, VideoShape
from pipeline.core.live_errors import NothingUsable
from schemas.profile import Profile, Rung
from schemas.vocabulary import Preset

PROFILE = Profile(
    name="p",
    preset=Preset.SLOW,
    ladder=tuple(
        Rung(name=f"{height}p", height_px=height, bitrate_bps=height * 2000)
        for height in (1080, 720, 360)
    ),
)
VIDEO = VideoShape("h264", b"c", 1280, 720, Fraction(30), 3_000_000, is_fit=True)
AUDIO = AudioShape("aac", b"\x11\x90", 48_000, 2, is_fit=True)


def test_a_source_players_take_is_the_top_rung() -> None:
    whole = plan.plan(Shape(VIDEO, AUDIO), PROFILE)

    assert [rung.name for rung in whole.rungs] == ["720p", "360p"]
    assert whole.copied_rung == "720p"
    assert whole.rungs[0].bitrate_bps == 3_000_000
    assert whole.segment_s == 2
    assert whole.preset == Preset.VERYFAST


def test_one_between_two_rungs_is_one_more() -> None:
    source = replace(VIDEO, width_px=960, height_px=540)

    whole = plan.plan(Shape(source, AUDIO), PROFILE)

    assert [rung.name for rung in whole.rungs] == ["540p", "360p"]


@pytest.mark.parametrize(
    "source", [replace(VIDEO, is_fit=False), replace(VIDEO, frame_rate=Fraction(120))]
)
def test_what_players_do_not_take_is_encoded(source: VideoShape) -> None:
    whole = plan.plan(Shape(source, AUDIO), PROFILE)
    part = plan.part(whole, Shape(source, AUDIO))

    assert whole.copied_rung is None
    assert part.copied is None
    assert [rung.name for rung in part.encoded] == ["720p", "360p"]
    assert part.frame_rate == min(source.frame_rate, 60)


def test_a_part_that_passes_on_keeps_the_sources_times() -> None:
    shape = Shape(VIDEO, AUDIO)
    part = plan.part(plan.plan(shape, PROFILE), shape)

    assert part.copied is not None
    assert part.copied.name == "720p"
    assert [rung.name for rung in part.encoded] == ["360p"]
    assert part.frame_rate is None
    assert part.is_audio_copied


def test_later_parts_keep_the_renditions() -> None:
    whole = plan.plan(Shape(VIDEO, AUDIO), PROFILE)
    other = Shape(replace(VIDEO, width_px=640, height_px=360, is_fit=False), None)

    part = plan.part(whole, other)

    assert [rung.name for rung in part.encoded] == ["720p", "360p"]
    assert part.audio is not None


def test_a_rung_that_is_left_out_shows_what_the_next_one_does() -> None:
    shape = Shape(replace(VIDEO, width_px=1920, height_px=1080), AUDIO)
    whole = plan.plan(shape, PROFILE)

    part = plan.part(whole, shape, thinned=("720p",))

    assert [rung.name for rung in part.made] == ["1080p", "360p"]
    assert part.stand_ins == {"720p": "360p"}
    assert plan.thin(part) == "360p"
    last = plan.part(whole, shape, thinned=("720p", "360p"))
    assert last.stand_ins == {"720p": "1080p", "360p": "1080p"}
    assert plan.thin(last) is None


def test_what_is_passed_on_is_never_left_out() -> None:
    shape = Shape(VIDEO, AUDIO)
    whole = plan.plan(shape, PROFILE)

    assert plan.part(whole, shape, thinned=("720p", "360p")).made[0].name == "720p"


def test_one_track_alone_will_do() -> None:
    assert plan.plan(Shape(None, AUDIO), PROFILE).rungs == ()
    assert plan.plan(Shape(VIDEO, None), PROFILE).audios == ()


def test_nothing_is_an_error() -> None:
    with pytest.raises(NothingUsable):
        plan.plan(Shape(VIDEO, None), PROFILE.model_copy(update={"ladder": ()}))


@pytest.mark.parametrize("size_px", [(128_000, 128_000), (16_400, 16), (7_680, 4_322)])
def test_pictures_of_sizes_nobody_sends_are_refused(size_px: tuple[int, int]) -> None:
    source = replace(VIDEO, width_px=size_px[0], height_px=size_px[1])

    with pytest.raises(MediaUnsupported, match="a picture of") as first:
        plan.plan(Shape(source, AUDIO), PROFILE)
    with pytest.raises(MediaUnsupported):
        plan.part(plan.plan(Shape(VIDEO, AUDIO), PROFILE), Shape(source, AUDIO))

    assert first.value.instance_code == "media.too_many_pixels"
