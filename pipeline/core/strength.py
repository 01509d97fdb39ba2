"""Is a secret strong enough to sign with?

No entropy can be measured in one text; what is known to be weak can be told.
"""

from typing import Final

MIN_SECRET_BYTES: Final = 32
#: Random bytes of that many have 20 different ones in hex and more in base64, but for bad luck.
_MIN_DIFFERENT: Final = 10
#: What stands in examples, and what is typed where a secret is asked for.
_KNOWN: Final = (
    *("changeme", "change-me", "change_me", "secret", "password", "passphrase", "default"),
    *("example", "insecure", "reelmill", "placeholder", "replace", "qwerty", "letmein"),
    *("0123456789", "1234567890", "abcdefgh", "deadbeef", "todo", "xxxx", "test"),
)
#: So much of a secret may be such words; the rest must be secret by itself.
_MIN_BYTES_WITHOUT_WORDS: Final = 32


def weakness(secret: str) -> str | None:
    """Say what is wrong with a signing secret; None where nothing is known against it."""
    n_bytes = len(secret.encode())
    if n_bytes < MIN_SECRET_BYTES:
        return f"it has {n_bytes} bytes, and fewer than {MIN_SECRET_BYTES} can be guessed"
    if len(set(secret)) < _MIN_DIFFERENT:
        return "it repeats a few characters"
    if _has_period(secret):
        return "it repeats itself"
    if len(_without_words(secret).encode()) < _MIN_BYTES_WITHOUT_WORDS:
        return "it is made of words that stand in examples"
    return None


def _has_period(text: str) -> bool:
    # A text that consists of repeats lies inside its own double, not only at both ends.
    return text in (text + text)[1:-1]


def _without_words(text: str) -> str:
    rest = text.lower()
    for word in _KNOWN:
        rest = rest.replace(word, "")
    return rest
