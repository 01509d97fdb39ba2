"""Every profile by name: built in, then the operator's, who may replace and extend them.

A profile is a file; the file's name is the profile's. Whatever is wrong with a file stops the
start: a fleet whose members know different profiles would refuse jobs by chance.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.core.errors import InvalidRequest
from pipeline.profiles import images
from pipeline.profiles.document import Document, invalid, parse
from schemas.profile import Profile

_BUILT_IN = Path(__file__).parent / "built_in"
_EXTENDS = "extends"
#: A profile with a watermark in it stays below this.
_MOST_BYTES = 2**20

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Catalogue:
    """The profiles a process knows."""

    #: What each file says together with what it extends.
    written: Mapping[str, Values]
    profiles: Mapping[str, Profile]

    def __iter__(self) -> Iterator[Profile]:
        """Go through all, by name."""
        return iter(self.profiles[name] for name in sorted(self.profiles))

    def get(self, name: str) -> Profile:
        """Look a profile up.

        Raises:
            InvalidRequest: ``profile.unknown``.
        """
        if name not in self.profiles:
            raise unknown(name, self.profiles)
        return self.profiles[name]


@cache
def built_in() -> Catalogue:
    """Read the profiles that come with Reelmill, once."""
    return _joined(Catalogue({}, {}), sorted(_BUILT_IN.glob("*.yaml")))


def unknown(name: str, known: Iterable[str]) -> InvalidRequest:
    """Make the error of a name that no profile has."""
    return InvalidRequest(
        f"There is no profile {name[:64]!r}.",
        code="profile.unknown",
        remedy=f"Use one of these: {', '.join(sorted(known))}.",
    )


def load(folder: Path | None) -> Catalogue:
    """Read all profiles: those built in, then the files of a folder, which win.

    Raises:
        InvalidRequest: ``profile.invalid``, names file, line and field.
    """
    if folder is None:
        return built_in()
    if not folder.is_dir():
        raise invalid(f"REELMILL_PROFILES_DIR is {folder}, and that is no folder.")
    paths = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"})
    return _joined(built_in(), paths)


def check(path: Path, known: Catalogue) -> Profile:
    """Read one file as if it lay in the folder of profiles.

    Raises:
        InvalidRequest: ``profile.invalid``, names file, line and field.
    """
    return _joined(known, [path]).get(path.stem)


def _joined(known: Catalogue, paths: Sequence[Path]) -> Catalogue:
    documents: dict[str, Document] = {}
    for path in paths:
        if path.stem in documents:
            # The last of two would win in silence.
            raise invalid(f"{documents[path.stem].file} and {path.name} are the same profile.")
        documents[path.stem] = _read(path)
    written = {name: _whole(name, documents, known, ()) for name in documents}
    profiles = {name: _validated(name, written[name], documents[name]) for name in documents}
    return Catalogue({**known.written, **written}, {**known.profiles, **profiles})


def _read(path: Path) -> Document:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise invalid(f"{path.name} is larger than {_MOST_BYTES // 2**20} MiB.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise invalid(f"{path.name} cannot be read: {error}.") from error
    return images.embedded(parse(text, file=path.name), path.parent)


def _whole(
    name: str, documents: Mapping[str, Document], known: Catalogue, below: tuple[str, ...]
) -> Values:
    """Put a file's values over those of the profile it extends."""
    document = documents[name]
    own = {key: value for key, value in document.values.items() if key != _EXTENDS}
    parent = document.values.get(_EXTENDS)
    if parent is None:
        return own
    place = document.place((_EXTENDS,))
    if not isinstance(parent, str):
        raise invalid(f"{place}: a profile extends one other, by its name.")
    if parent in below:
        raise invalid(f"{place}: {' extends '.join([*below, name, parent])}, in a circle.")
    # A file that replaces a profile may extend the one that it replaces.
    if parent in documents and parent != name:
        return over(_whole(parent, documents, known, (*below, name)), own)
    if parent in known.written:
        return over(known.written[parent], own)
    names = ", ".join(sorted({*documents, *known.written} - {name}))
    raise invalid(f"{place}: there is no profile {parent!r} to extend; there are {names}.")


def over(parent: Values, own: Values) -> Values:
    """Lay values over others: groups are merged, lists such as the ladder replaced whole."""
    # What another is for says nothing of this one.
    merged = {**parent, "description": "", **own} if "description" in parent else {**parent, **own}
    for name, value in own.items():
        if isinstance(value, dict) and isinstance(parent.get(name), dict):
            merged[name] = over(parent[name], value)
    return merged


def _validated(name: str, values: Values, document: Document) -> Profile:
    if "name" in values:
        raise invalid(f"{document.place(('name',))}: a profile is named by its file, {name!r}.")
    try:
        return Profile.model_validate({**values, "name": name})
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise invalid("; ".join(_complaint(dict(each), document) for each in found) + ".") from None


def _complaint(found: Values, document: Document) -> str:
    way = found["loc"]
    place = document.place(way) if document.holds(way) else document.file
    field = ".".join(str(part) for part in way)
    message = found["msg"].removeprefix("Value error, ")
    return f"{place}: {field}: {message}" if field else f"{place}: {message}"
