from fractions import Fraction

import pytest

from pipeline.core.commands import planned_commands
from pipeline.core.errors import MediaUnsupported, NotMedia
from pipeline.core.plan import can_analyze, plan
from pipeline.profiles import built_in
from schemas.media import MediaFacts, MediaWarning
from schemas.plan import AudioPlan, RungMeasure
from schemas.profile import AudioWish
from schemas.vocabulary import (
    AudioCodec,
    Deinterlace,
    DynamicRange,
    LadderMode,
    Telecine,
    VideoCodec,
    VideoRange,
)
from tests.support.sources import audio_facts, media_facts, video_facts

DEFAULT = built_in().get("default")


def codes(facts: MediaFacts) -> list[str]:
    return [warning.code for warning in plan(facts, DEFAULT).warnings]


def test_a_usual_source_gets_ladder_chunks_and_sound() -> None:
    made = plan(media_facts(video_facts(), audio_facts()), DEFAULT)

    assert [rung.name for rung in made.rungs] == ["1080p", "720p", "480p", "360p"]
    assert made.grid is not None
    assert made.grid.n_frames == 1798
    assert [(chunk.first_frame, chunk.end_frame) for chunk in made.chunks] == [
        (0, 240),
        (240, 720),
        (720, 1080),
        (1080, 1440),
        (1440, 1798),
    ]
    assert made.audios == (
        AudioPlan(
            name="audio",
            source_index=1,
            codec=AudioCodec.AAC,
            channels=2,
            sample_rate_hz=48_000,
            bitrate_bps=128_000,
            title="Main",
        ),
    )
    assert (made.segment_s, made.preset) == (4, "veryfast")
    assert made.duration_s == 60
    assert made.warnings == ()


def test_the_sound_is_laid_on_the_zero_that_the_pictures_grid_has() -> None:
    # 3.325 frames after the sound: the grid moves the picture by a third of a frame.
    video = video_facts(frame_rate=Fraction(25), start_s=Fraction("6.533"), duration_s=Fraction(10))
    facts = media_facts(video, audio_facts(start_s=Fraction("6.4")))

    commands = planned_commands(facts, plan(facts, DEFAULT))

    sound = next(each for each in commands if each.task == "encode audio")
    assert "asetpts=expr=PTS-(6.413000000)/TB" in " ".join(sound.argv)


def test_a_source_without_sound_gets_none() -> None:
    assert plan(media_facts(video_facts()), DEFAULT).audios == ()


def test_a_source_without_a_picture_is_sound_alone() -> None:
    made = plan(media_facts(None, audio_facts()), DEFAULT)

    assert (made.grid, made.rungs, made.chunks, made.thumbnail_count) == (None, (), (), 0)
    assert len(made.audios) == 1
    assert made.estimated_bytes == 960_000


def test_a_source_without_either_is_no_media() -> None:
    with pytest.raises(NotMedia):
        plan(media_facts(), DEFAULT)


def test_a_picture_without_length_is_refused() -> None:
    with pytest.raises(MediaUnsupported):
        plan(media_facts(video_facts(duration_s=Fraction(0))), DEFAULT)


def test_more_channels_than_there_are_are_not_made() -> None:
    surround = DEFAULT.model_copy(update={"audio": AudioWish(channels=6)})

    found = [
        plan(media_facts(None, audio_facts(channels=channels)), surround).audios[0]
        for channels in (1, 2, 6)
    ]

    assert [audio.channels for audio in found] == [2, 2, 6]


def test_what_is_done_to_the_picture_is_said() -> None:
    said = MediaWarning(code="media.said", detail="by the probe")

    assert codes(media_facts(video_facts(), warnings=(said,))) == ["media.said"]
    assert codes(media_facts(video_facts(color_transfer="arib-std-b67"))) == ["plan.tone_mapped"]
    assert codes(media_facts(video_facts(is_interlaced=True))) == ["plan.deinterlaced"]
    assert codes(media_facts(video_facts(frame_rate=Fraction(120)))) == ["plan.rate_lowered"]
    assert codes(media_facts(video_facts(), is_seekable=False)) == ["plan.single_chunk"]


def test_estimates_grow_with_the_work() -> None:
    small = plan(media_facts(video_facts(duration_s=Fraction(60))), DEFAULT)
    large = plan(media_facts(video_facts(duration_s=Fraction(600))), DEFAULT)
    slow = plan(
        media_facts(video_facts(duration_s=Fraction(60))),
        DEFAULT.model_copy(update={"preset": "slow"}),
    )

    assert large.estimated_bytes == 10 * small.estimated_bytes
    assert 9 < large.estimated_cpu_s / small.estimated_cpu_s < 11
    assert slow.estimated_cpu_s > 2 * small.estimated_cpu_s
    # One chunk at its ceiling fits, whatever the length of the whole.
    ceiling_bytes = sum(rung.bitrate_bps for rung in large.rungs) * 60 / 8
    assert ceiling_bytes < large.scratch_bytes < 2.5 * ceiling_bytes


def test_a_ladder_in_auto_mode_says_when_nothing_was_measured() -> None:
    auto = DEFAULT.model_copy(update={"ladder_mode": LadderMode.AUTO})
    facts = media_facts(video_facts())
    planned = plan(facts, auto)
    measures = [RungMeasure(name=r.name, bitrate_bps=9_000_000, vmaf=90) for r in planned.rungs]

    assert [one.code for one in planned.warnings] == ["plan.not_measured"]
    assert can_analyze(planned, facts, auto)
    assert not can_analyze(planned, media_facts(video_facts(), is_seekable=False), auto)
    measured = plan(facts, auto, measures)
    assert measured.warnings == ()
    assert [rung.name for rung in measured.rungs] == ["720p"]


def test_hdr_is_kept_in_ten_bits_where_the_profile_says_so() -> None:
    hdr = media_facts(video_facts(color_transfer="smpte2084"))
    wish = {"dynamic_range": DynamicRange.KEEP, "video_codec": VideoCodec.HEVC}
    keep = DEFAULT.model_copy(update=wish)

    kept, fallen = (
        plan(hdr, keep),
        plan(hdr, keep.model_copy(update={"video_codec": VideoCodec.H264})),
    )

    assert {(rung.bit_depth, rung.video_range) for rung in kept.rungs} == {(10, VideoRange.PQ)}
    assert kept.warnings == ()
    assert {(rung.bit_depth, rung.video_range) for rung in fallen.rungs} == {(8, VideoRange.SDR)}
    assert [warning.code for warning in fallen.warnings] == ["plan.tone_mapped"]


def test_hdr_that_cannot_be_brought_down_is_passed_on_with_a_word() -> None:
    stuck = video_facts(color_transfer="arib-std-b67", is_tone_mappable=False)

    made = plan(media_facts(stuck), DEFAULT)

    assert {(rung.bit_depth, rung.video_range) for rung in made.rungs} == {(8, VideoRange.HLG)}
    assert [warning.code for warning in made.warnings] == ["plan.not_tone_mapped"]


def test_fields_may_become_pictures_of_their_own_and_film_is_made_film_again() -> None:
    woven = video_facts(frame_rate=Fraction(25), is_interlaced=True)
    film = video_facts(is_interlaced=True, telecine=Telecine.HARD)
    fields = DEFAULT.model_copy(update={"deinterlace": Deinterlace.FIELD})

    full, whole = plan(media_facts(woven), fields), plan(media_facts(film), fields)

    assert full.grid is not None
    assert (full.grid.frame_rate, full.grid.n_frames, full.deinterlace) == (50, 3000, "field")
    assert whole.grid is not None
    assert whole.grid.frame_rate == Fraction(24000, 1001)
    assert [warning.code for warning in whole.warnings] == ["plan.untelecined"]


def test_a_silent_picture_is_nothing_to_a_profile_of_sound_alone() -> None:
    with pytest.raises(MediaUnsupported) as caught:
        plan(media_facts(video_facts()), built_in().get("audio"))

    assert caught.value.instance_code == "media.no_sound"
