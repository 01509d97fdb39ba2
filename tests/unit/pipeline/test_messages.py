"""The catalogue of codes: whole in every language, and nothing in it that nobody says."""

import ast
import re

import pytest

from api.policy import POLICY
from pipeline.core.losses import described, told
from pipeline.messages import LANGUAGES, catalogue, language_of, words
from schemas.media import Damage
from tests.support.product import ROOT, error_codes, modules, tree

#: Codes that the product puts together from parts.
_ASSEMBLED = {"unavailable.ffprobe", "http"}
#: Texts of these forms are codes, wherever they stand.
_FAMILIES = re.compile(r"(media|plan|work|unavailable)\.[a-z_]+")
_HANGUL = re.compile(r"[가-힣]")


def constants() -> set[str]:
    return {
        node.value
        for path in modules()
        # The description repeats codes, and names endpoints that look like some.
        if path.parent != ROOT / "api/openapi/table"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_code_is_in_the_catalogue() -> None:
    # Endpoints are named alike.
    named = {text for text in constants() if _FAMILIES.fullmatch(text)} - set(POLICY)
    said = error_codes() | named
    missing = sorted(said - set(catalogue()))
    assert missing == [], "say them in every language in pipeline/messages/words"


def test_the_catalogue_has_no_code_that_nobody_says() -> None:
    assert sorted(set(catalogue()) - constants() - _ASSEMBLED) == []


def test_the_readme_lists_exactly_the_catalogue() -> None:
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("<details><summary>Error codes")[2].partition("</details>")[0]
    listed = {code.rstrip(".") for code in re.findall(r"`([a-z_]+(?:\.[a-z_]*)*)`", table)}

    assert listed == set(catalogue())


@pytest.mark.parametrize("code", catalogue())
def test_every_code_is_said_in_every_language(code: str) -> None:
    spoken = catalogue()[code]

    assert set(spoken) == set(LANGUAGES)
    for said in spoken.values():
        assert said.title
        assert not said.title.endswith(".")
        assert said.cause.endswith(".")
        assert said.remedy.endswith(".")
    assert all(_HANGUL.search(text) for text in (spoken["ko"].title, spoken["ko"].cause))
    assert not _HANGUL.search("".join(vars(spoken["en"]).values()))
    assert re.findall(r"{\w+}", spoken["ko"].detail) == re.findall(r"{\w+}", spoken["en"].detail)


@pytest.mark.parametrize(
    ("medium", "code"), [("video", "media.concealed"), ("audio", "media.silenced")]
)
def test_figures_of_damage_are_said_alike_in_the_catalogue_and_in_errors(
    medium: str, code: str
) -> None:
    spans = ((3661.0, 3662.5), (3700.0, 3701.0), (3800.0, 3801.0), (3900.0, 3901.0))
    damage = Damage.model_validate(
        {"medium": medium, "n_concealed": 7, "n_missing": 3, "spans_s": spans, "affected_s": 4.5}
    )
    said = words(code, "en")

    assert said is not None
    assert said.detail.format(**told(damage)) == described(damage)
    assert "1:01:01.0–1:01:02.5" in described(damage)
    assert "…" in described(damage)


def test_complaints_are_said_alike_in_the_catalogue_and_in_errors() -> None:
    damage = Damage(medium="audio", n_complaints=12, rendition="audio-2")

    for language in ("en", "ko"):
        said = words("media.complaints", language)
        assert said is not None
        detail = said.detail.format(**told(damage))
        assert "12" in detail
        assert "audio-2" in detail
        assert language == "ko" or detail == described(damage)


def test_a_status_has_the_words_of_its_family() -> None:
    assert words("http.405", "ko") == words("http", "ko")
    assert words("brand.new", "ko") is None


def test_the_language_is_the_first_wished_one_that_is_spoken() -> None:
    assert language_of(["", "fr_FR.UTF-8", "ko_KR.UTF-8", "en"]) == "ko"
    assert language_of(["ko"]) == "ko"
    assert language_of(["C.UTF-8", "POSIX"]) == "en"
