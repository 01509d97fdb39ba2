"""Names of tracks as a menu shows them."""

from collections.abc import Sequence


def unique(titles: Sequence[str]) -> list[str]:
    """Number those that would read the same: a playlist's group must not hold a name twice.

    A quotation mark cannot be written in a playlist.
    """
    taken: set[str] = set()
    return [_free(title.replace('"', "'"), taken) for title in titles]


def _free(title: str, taken: set[str]) -> str:
    name, n = title, 1
    while name in taken:
        n += 1
        name = f"{title} {n}"
    taken.add(name)
    return name
