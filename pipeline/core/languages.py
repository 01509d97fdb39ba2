"""Language tags of sources, which anybody may have written, made fit for playlists."""

import re

#: ISO 639-2 code as containers carry it → shortest tag (RFC 5646 asks for it) and its own name.
_LANGUAGES = {
    "ara": ("ar", "العربية"),
    "chi": ("zh", "中文"),
    "zho": ("zh", "中文"),
    "dut": ("nl", "Nederlands"),
    "nld": ("nl", "Nederlands"),
    "eng": ("en", "English"),
    "fra": ("fr", "Français"),
    "fre": ("fr", "Français"),
    "deu": ("de", "Deutsch"),
    "ger": ("de", "Deutsch"),
    "hin": ("hi", "हिन्दी"),
    "ind": ("id", "Bahasa Indonesia"),
    "ita": ("it", "Italiano"),
    "jpn": ("ja", "日本語"),
    "kor": ("ko", "한국어"),
    "pol": ("pl", "Polski"),
    "por": ("pt", "Português"),
    "rus": ("ru", "Русский"),
    "spa": ("es", "Español"),
    "tha": ("th", "ไทย"),
    "tur": ("tr", "Türkçe"),
    "ukr": ("uk", "Українська"),
    "vie": ("vi", "Tiếng Việt"),
}
_NAMES = dict(_LANGUAGES.values())
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
#: Longer ones are none, and find no room in the database.
_LONGEST = 16
_UNSAID = frozenset({"und", "mis", "mul", "zxx"})


def usable(language: str | None) -> str | None:
    """Keep what a source says where it is a language, as it says it."""
    return language if tag_and_name(language)[0] else None


def tag_and_name(language: str | None) -> tuple[str | None, str]:
    """Turn what a source says into a tag, None where it says nothing usable, and a label."""
    text = (language or "").lower()
    if len(text) > _LONGEST or not _TAG.fullmatch(text) or text in _UNSAID:
        return None, "Main"
    if text in _LANGUAGES:
        return _LANGUAGES[text]
    return text, _NAMES.get(text, text)
