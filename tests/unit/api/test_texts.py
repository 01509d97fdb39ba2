import re

from flask import Flask

from api.texts import TEXTS, language


def test_every_language_says_the_same_things_with_the_same_blanks() -> None:
    blanks = {
        name: {key: re.findall(r"{\w+}", text) for key, text in texts.items()}
        for name, texts in TEXTS.items()
    }

    assert blanks["ko"] == blanks["en"]


def test_the_browser_chooses_the_language() -> None:
    wishes = {"ko-KR,ko;q=0.9,en;q=0.8": "ko", "de,en;q=0.5": "en", "fr": "en", "": "en"}
    for wish, spoken in wishes.items():
        with Flask(__name__).test_request_context(headers={"Accept-Language": wish}):
            assert language() == spoken
