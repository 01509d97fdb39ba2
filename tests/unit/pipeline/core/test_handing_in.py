from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import InvalidRequest
from pipeline.core.handing_in import Wish, wish_of
from schemas.identity import Playback
from schemas.trim import Trim


def test_what_counts_is_taken_and_the_rest_passed_over() -> None:
    assert wish_of({}) == Wish()
    assert wish_of(
        {
            "filename": "film.mp4",
            "name": "other.mp4",
            "filetype": "text/html",
            "profile": "fast",
            "priority": "9",
            "playback": "private",
            "meta.album": "Summer",
            "path": "/etc/passwd",
            "stagingKey": "assets/other",
            "account": "root",
        }
    ) == Wish("film.mp4", "fast", 9, Playback.PRIVATE, {"album": "Summer"})
    assert wish_of({"name": "only.mp4"}).filename == "only.mp4"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\film.mp4", "film.mp4"),
        ("/", "upload"),
        ("..", "upload"),
        (".", "upload"),
        ("", "upload"),
        ("a\x00b\r\nc\x1b[31m.mp4", "abc[31m.mp4"),
        ("\u202egpj.exe", "gpj.exe"),
        ("x" * 300, "x" * 255),
        ("<script>alert(1)<b>.mp4", "<script>alert(1)<b>.mp4"),
        ("영화.mp4", "영화.mp4"),
    ],
)
def test_names_are_made_harmless(sent: str, shown: str) -> None:
    assert wish_of({"filename": sent}).filename == shown


@pytest.mark.parametrize(
    "said",
    [
        {"priority": "10"},
        {"priority": "-1"},
        {"priority": "x"},
        {"priority": "٣"},
        {"playback": "secret"},
        {"meta.": "x"},
        {"meta." + "n" * 101: "x"},
        {"meta.n": "x" * 2001},
        {"meta.n": "a\x00b"},
        {"meta.n": "a\x1bb"},
        {f"meta.{n}": "x" for n in range(51)},
    ],
)
def test_what_cannot_be_taken_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        wish_of(said)

    assert refused.value.instance_code == "upload.metadata"


@settings(deadline=None)
@given(st.text())
def test_no_name_leads_anywhere(text: str) -> None:
    name = wish_of({"filename": text}).filename

    assert 1 <= len(name) <= 255
    assert "/" not in name
    assert "\\" not in name
    assert name not in {".", ".."}
    assert name.isprintable()


def test_a_stretch_is_wished_for_in_seconds() -> None:
    assert wish_of({}).trim is None
    assert wish_of({"trim.start_s": "1001/30"}).trim == Trim(start_s=Fraction(1001, 30))
    assert wish_of({"trim.end_s": "12.5"}).trim == Trim(end_s=Fraction(25, 2))


@pytest.mark.parametrize(
    "said",
    [
        {"trim.start_s": "soon"},
        {"trim.start_s": "9", "trim.end_s": "3"},
        {"trim.end_s": "1e9"},
        {"trim.start_s": "-1"},
    ],
)
def test_a_stretch_that_is_none_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        wish_of(said)

    assert refusal.value.instance_code == "upload.metadata"
