from datetime import UTC, datetime

import pytest

from api.wording import worded
from pipeline.core.errors import Conflict
from schemas.http import AssetPage, AssetView, ErrorView
from schemas.media import Damage, MediaWarning
from schemas.vocabulary import AssetId, AssetState

HURT = Damage(medium="video", n_concealed=7, n_missing=3, spans_s=((1, 2),), affected_s=1)
ASSET = AssetView(
    id=AssetId("a1"),
    state=AssetState.FAILED,
    filename="film.mp4",
    size_bytes=1,
    sha256="0" * 64,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    error=ErrorView(code="media.empty", detail="the file is empty", remedy="Look."),
    hls_url="/media/a1/master.m3u8",
    dash_url=None,
    watch_url="/watch/a1",
    warnings=(MediaWarning(code="media.concealed", detail="7 pictures", damage=HURT),),
)


def test_korean_readers_get_korean_words_and_the_same_figures() -> None:
    said = worded(ASSET, "ko")

    assert isinstance(said, AssetView)
    assert said.error is not None
    assert said.error.title == "빈 파일입니다"
    assert said.error.remedy.startswith("원본 파일의 크기")
    assert said.error.detail == "the file is empty"
    assert said.warnings[0].title == "일부 화면이 손상되었습니다"
    assert "화면 7장" in said.warnings[0].detail
    assert "3장" in said.warnings[0].detail
    assert said.warnings[0].damage == HURT


def test_english_readers_get_the_remedy_of_whoever_raised_it() -> None:
    said = worded(ASSET, "en")

    assert isinstance(said, AssetView)
    assert said.error is not None
    assert said.error.title == "The file is empty"
    assert said.error.remedy == "Look."


def test_english_readers_get_the_words_of_the_code_before_those_of_its_class() -> None:
    view = ErrorView(code="profile.exists", detail="", remedy=Conflict.default_remedy)

    said = worded(view, "en")

    assert isinstance(said, ErrorView)
    assert said.remedy == "Give yours another name, or replace that one with PUT."


@pytest.mark.parametrize("language", ["en", "ko"])
def test_lists_are_said_like_single_ones(language: str) -> None:
    page = worded(AssetPage(items=(ASSET, ASSET)), language)

    assert page == AssetPage(items=(worded(ASSET, language), worded(ASSET, language)))  # type: ignore[arg-type]


def test_a_code_of_another_version_keeps_what_it_came_with() -> None:
    strange = ErrorView(code="brand.new", detail="something", remedy="Do it.")

    assert worded(strange, "ko") == strange
