from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.webvtt import Cue, document, read, segments

WRITTEN = """WEBVTT

STYLE
::cue { background: url(//elsewhere) }

NOTE 00:11.000 --> 00:12.000
nothing to see

name
00:10.500 --> 00:11.500 line:10% align:start region:evil position:<b>
<v Mary>Hello

00:09.000 --> 00:10.250
Before the beginning

01:00:00.000 --> 01:00:01.000
After the end

00:15.000 --> 00:14.000
Backwards

00:12 --> 00:13.000
Not a time

00:19.500 --> 00:23.000
To the end
"""


def test_cues_are_read_on_the_assets_zero_and_within_it() -> None:
    assert read(WRITTEN, zero_ms=10_000, duration_s=Fraction(12)) == (
        Cue(0, 250, "Before the beginning"),
        Cue(500, 1500, "<v Mary>Hello</v>", "line:10% align:start"),
        Cue(9500, 12_000, "To the end"),
    )


def test_a_file_is_what_players_read() -> None:
    cues = (Cue(500, 1500, "Hello\nthere", "line:10%"), Cue(3_599_999, 3_600_001, "Late"))

    assert document(cues) == (
        "WEBVTT\n\n"
        "00:00:00.500 --> 00:00:01.500 line:10%\nHello\nthere\n\n"
        "00:59:59.999 --> 01:00:00.001\nLate\n"
    )


def test_a_cue_over_a_border_stands_in_both_segments() -> None:
    cues = (Cue(500, 1500, "one"), Cue(3500, 4500, "over"), Cue(8000, 8500, "next"))

    made = list(segments(cues, segment_s=4, duration_s=Fraction(21, 2)))

    assert [length_s for length_s, _ in made] == [4, 4, Fraction(5, 2)]
    header = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n"
    assert [text.startswith(header) for _, text in made] == [True] * 3
    over = "00:00:03.500 --> 00:00:04.500\nover\n"
    assert made[0][1] == f"{header}00:00:00.500 --> 00:00:01.500\none\n\n{over}"
    assert made[1][1] == header + over
    assert made[2][1] == f"{header}00:00:08.000 --> 00:00:08.500\nnext\n"


@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 9_000)), max_size=20),
    st.integers(1, 7),
    st.fractions(min_value=Fraction(1, 3), max_value=21, max_denominator=1001),
)
def test_every_cue_is_somewhere_and_segments_make_up_the_whole(
    spans: list[tuple[int, int]], segment_s: int, duration_s: Fraction
) -> None:
    written = document([Cue(at, at + length, f"n{k}") for k, (at, length) in enumerate(spans)])

    cues = read(written, zero_ms=0, duration_s=duration_s)
    made = list(segments(cues, segment_s=segment_s, duration_s=duration_s))

    assert sum(length_s for length_s, _ in made) == duration_s
    text = "".join(each for _, each in made)
    assert all(cue.text in text for cue in cues)
