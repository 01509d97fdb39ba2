from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.argv.encode import seek_target_s
from pipeline.core.chunks import grid
from pipeline.core.errors import MediaUnsupported
from pipeline.core.plan import plan
from pipeline.core.trim import used
from pipeline.profiles import built_in
from schemas.media import Chapter, MediaFacts
from schemas.profile import Profile
from schemas.tasks import EncodeParams, SourceRef
from schemas.trim import Trim
from schemas.vocabulary import AssetId
from tests.support.sources import audio_facts, media_facts, video_facts

DEFAULT = built_in().get("default")
SOURCE = SourceRef(asset_id=AssetId("a1"), key="k", size_bytes=1, sha256="0" * 64)


def trimmed(start_s: Any = 0, end_s: Any = None) -> Profile:
    end = None if end_s is None else Fraction(end_s)
    return DEFAULT.model_copy(update={"trim": Trim(start_s=Fraction(start_s), end_s=end)})


@given(
    rate=st.sampled_from(("24000/1001", "25", "30000/1001", "60")),
    offset_s=st.fractions(0, 1, max_denominator=1000),
    start_s=st.fractions(0, 50, max_denominator=1000),
    length_s=st.fractions(1, 60, max_denominator=1000),
)
def test_a_stretch_has_the_frames_of_the_whole(
    rate: str, offset_s: Fraction, start_s: Fraction, length_s: Fraction
) -> None:
    video = video_facts(frame_rate=Fraction(rate), start_s=offset_s)
    facts = media_facts(video, audio_facts(start_s=offset_s / 2))
    profile = trimmed(start_s, start_s + length_s)

    whole, part = grid(facts, DEFAULT), plan(facts, profile).grid

    assert part is not None
    first = (part.source_start_s - whole.source_start_s) * whole.frame_rate
    assert first.denominator == 1
    assert abs(first - start_s * whole.frame_rate) <= Fraction(1, 2)
    end = min(start_s + length_s, whole.n_frames / whole.frame_rate)
    assert abs(first + part.n_frames - end * whole.frame_rate) <= 1


def test_everything_is_told_as_if_the_stretch_were_all() -> None:
    chapters = (
        Chapter(start_s=Fraction(0), end_s=Fraction(10), title="before"),
        Chapter(start_s=Fraction(10), end_s=Fraction(25), title="across"),
        Chapter(start_s=Fraction(25), end_s=Fraction(60), title="behind"),
    )
    facts = media_facts(
        video_facts(frame_rate=Fraction(25)),
        audio_facts(),
        chapters=chapters,
        missing_s=Fraction(2),
    )

    found = used(facts, trimmed(12, 30))

    assert (found.start_s, found.duration_s, found.skipped_s) == (12, 18, 12)
    assert found.video is not None
    assert (found.video.start_s, found.video.duration_s) == (12, 18)
    assert found.video.keyframes_s[-1] < 30
    assert found.audio is not None
    assert (found.audio.start_s, found.audio.duration_s) == (12, 18)
    assert found.missing_s == 0
    assert [(each.title, each.start_s, each.end_s) for each in found.chapters] == [
        ("across", 0, 13),
        ("behind", 13, 18),
    ]


def test_without_a_trim_or_twice_nothing_changes() -> None:
    facts = media_facts(video_facts(), audio_facts())

    once = used(facts, trimmed(5))

    assert used(facts, DEFAULT) is facts
    assert used(once, trimmed(5)) is once


def test_the_first_chunk_of_a_stretch_is_sought_and_that_of_a_whole_is_not() -> None:
    facts = media_facts(video_facts(frame_rate=Fraction(25)), audio_facts())

    assert seek_target_s(first_chunk(facts, DEFAULT)) is None
    assert seek_target_s(first_chunk(facts, trimmed(12))) == pytest.approx(12 + 0.25 / 25)
    blind = facts.model_copy(update={"is_seekable": False})
    assert seek_target_s(first_chunk(blind, trimmed(12))) is None


def first_chunk(facts: MediaFacts, profile: Profile) -> EncodeParams:
    found = plan(facts, profile)
    assert found.grid is not None
    return EncodeParams(
        source=SOURCE,
        facts=used(facts, profile),
        grid=found.grid,
        rungs=found.rungs,
        chunk=found.chunks[0],
        preset="veryfast",
    )


def test_a_track_without_a_part_in_the_stretch_is_left_out() -> None:
    facts = media_facts(video_facts(duration_s=Fraction(10)), audio_facts())

    found = used(facts, trimmed(20, 30))

    assert found.video is None
    assert found.audio is not None
    assert plan(facts, trimmed(20, 30)).rungs == ()


@pytest.mark.parametrize(("start_s", "end_s"), [(60, None), (70, 80), ("1/1000", "2/1000")])
def test_a_stretch_with_nothing_in_it_is_refused(start_s: Any, end_s: Any) -> None:
    with pytest.raises(MediaUnsupported) as caught:
        plan(media_facts(video_facts(), audio_facts()), trimmed(start_s, end_s))

    assert caught.value.instance_code == "media.trim_outside"
    assert "60.000 s long" in caught.value.detail


@pytest.mark.parametrize("text", ["-1", "1e3", "nan", "1/0", "12345678", "1:30", "", True])
def test_only_plain_seconds_are_taken(text: Any) -> None:
    with pytest.raises(ValueError, match="start_s"):
        Trim(start_s=text)
