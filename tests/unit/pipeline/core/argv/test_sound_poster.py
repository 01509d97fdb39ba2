from fractions import Fraction

from pipeline.core.argv.sound_poster import cover_argv, waveform_argv
from tests.support.sources import audio_facts, media_facts


def graph(words: list[str]) -> str:
    return words[words.index("-filter_complex") + 1]


def test_a_cover_is_fitted_and_never_cut() -> None:
    words = cover_argv(media_facts(None, audio_facts(), cover_index=3), source="/cache/0123")

    assert graph(words).split(";") == [
        (
            "[0:3]scale=force_divisible_by=2:force_original_aspect_ratio=decrease:h=720:"
            "out_color_matrix=bt601:out_range=pc:w=1280[s0]"
        ),
        "[s0]pad=h=720:w=1280:x=-1:y=-1[s1]",
        "[s1]setsar=1[s2]",
        "[s2]format=yuvj420p[s3]",
    ]
    assert words[-1] == "poster.jpg"


def test_a_waveform_takes_as_many_values_for_any_length() -> None:
    short, long = (audio_facts(duration_s=Fraction(each)) for each in (60, 36_000))

    drawn = [
        graph(waveform_argv(media_facts(None, track), track, source="/cache/0123")).split(";")
        for track in (short, long)
    ]

    assert drawn[0][:5] == [
        "[0:1]aresample=8000[s0]",
        "[s0]aformat=channel_layouts=mono:sample_fmts=flt[s1]",
        "[s1]aeval=exprs=abs(val(0))[s2]",
        "[s2]aresample=8000[s3]",
        "[s3]showwavespic=colors=0x4aa3df:s=1280x720:scale=sqrt[s4]",
    ]
    assert drawn[1][3] == "[s2]aresample=111[s3]"
