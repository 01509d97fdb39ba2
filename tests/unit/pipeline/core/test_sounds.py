from pipeline.core.sounds import plan
from schemas.profile import AudioWish
from schemas.vocabulary import AudioCodec
from tests.support.sources import audio_facts

TRACKS = (
    audio_facts(index=2, language="eng", channels=6),
    audio_facts(index=1, language="kor", title='The "director"', dispositions=("comment",)),
    audio_facts(index=4, language="english, if I may say so"),
)


def test_each_track_is_a_rendition_with_a_name_of_its_own() -> None:
    made = plan(TRACKS, AudioWish())

    assert [(one.name, one.source_index, one.title, one.is_default) for one in made] == [
        ("audio", 2, "English", True),
        ("audio-2", 1, "The 'director'", False),
        ("audio-3", 4, "Main", False),
    ]
    assert [one.language for one in made] == ["eng", "kor", None]
    assert made[1].dispositions == ("comment",)


def test_no_two_tracks_are_called_the_same() -> None:
    twins = [audio_facts(index=n, language="eng") for n in range(1, 4)]

    assert [one.title for one in plan(twins, AudioWish())] == ["English", "English 2", "English 3"]


def test_a_profile_may_want_the_first_track_alone() -> None:
    assert [one.name for one in plan(TRACKS, AudioWish(tracks="first"))] == ["audio"]


def test_surround_is_a_twin_of_the_tracks_that_have_it() -> None:
    made = plan(TRACKS, AudioWish(surround=True))

    assert [(one.name, one.channels) for one in made] == [
        ("audio", 2),
        ("audio-2", 2),
        ("audio-3", 2),
        ("audio-surround", 6),
    ]
    assert (made[3].source_index, made[3].title, made[3].is_default) == (2, "English", False)
    assert made[3].bitrate_bps == 384_000


def test_opus_gets_no_more_bits_than_it_opens_with() -> None:
    wish = AudioWish(
        codec=AudioCodec.OPUS, bitrate_bps=600_000, surround=True, surround_bitrate_bps=2_000_000
    )

    assert [one.bitrate_bps for one in plan(TRACKS[:1], wish)] == [512_000, 1_536_000]
