"""Every code we can answer with, said in the languages we speak: title, cause and remedy.

The words are data, in ``words/``: a code, a language, three sentences.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

DEFAULT_LANGUAGE = "en"
LANGUAGES = ("en", "ko")


@dataclass(frozen=True)
class Words:
    """What is said of one code in one language."""

    #: What it is, in one line.
    title: str
    #: Why it is so.
    cause: str
    #: What the reader can do about it.
    remedy: str
    #: Particulars with blanks, for codes that come with figures.
    detail: str = ""


@cache
def catalogue() -> Mapping[str, Mapping[str, Words]]:
    """Read all words: code → language → words."""
    found: dict[str, Mapping[str, Words]] = {}
    for file in sorted(files(__package__).joinpath("words").iterdir(), key=lambda one: one.name):
        entries: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text("utf-8"))
        for code, languages in entries.items():
            found[code] = {name: Words(**words) for name, words in languages.items()}
    return found


def words(code: str, language: str) -> Words | None:
    """Look a code up; None for one we do not know, such as a newer server's.

    A code that has no words of its own takes those of its family: ``http.405`` of ``http``.
    """
    entries = catalogue().get(code) or catalogue().get(code.partition(".")[0])
    return None if entries is None else entries.get(language, entries[DEFAULT_LANGUAGE])


def language_of(wished: Iterable[str]) -> str:
    """Choose the first wished language that we speak.

    Takes names as browsers and locales write them: ``ko``, ``ko-KR``, ``ko_KR.UTF-8``.
    """
    for name in wished:
        language = name.replace("_", "-").partition("-")[0].partition(".")[0].lower()
        if language in LANGUAGES:
            return language
    return DEFAULT_LANGUAGE
