"""All profiles there are now: files, read at the start, and rows, read each time they are asked.

So several API processes know the same ones at once. A row keeps what its parent said when it was
written: nothing that is changed or deleted later changes it unseen.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from pipeline.core.errors import InvalidRequest
from pipeline.database.port import Database
from pipeline.profiles.catalogue import Catalogue, over, unknown
from pipeline.profiles.document import invalid
from schemas.profile import Profile
from schemas.profile_writing import Values


@dataclass(frozen=True)
class LivingCatalogue:
    """The profiles of an installation; a file wins over a row of the same name."""

    database: Database
    files: Catalogue

    def __iter__(self) -> Iterator[Profile]:
        """Go through all, by name."""
        with self.database.read() as tx:
            rows = tx.profiles.all()
        stored = {name: _profile(name, values) for name, values in rows.items()}
        whole = {**stored, **self.files.profiles}
        return iter(whole[name] for name in sorted(whole))

    def is_file(self, name: str) -> bool:
        """Tell whether a profile is read-only: it comes with Reelmill or from the folder."""
        return name in self.files.profiles

    def get(self, name: str) -> Profile:
        """Look a profile up.

        Raises:
            InvalidRequest: ``profile.unknown``.
        """
        if name in self.files.profiles:
            return self.files.profiles[name]
        return _profile(name, self._written(name))

    def whole(self, values: Values, extends: str | None) -> Values:
        """Put values over those of the profile they extend, as it is now.

        Raises:
            InvalidRequest: ``profile.unknown``, there is none to extend.
        """
        return values if extends is None else over(self._written(extends), values)

    def _written(self, name: str) -> Values:
        if name in self.files.written:
            return self.files.written[name]
        with self.database.read() as tx:
            values = tx.profiles.get(name) if name.isprintable() else None
        if values is None:
            raise unknown(name, [profile.name for profile in self])
        return values


def checked(name: str, values: Values) -> Profile:
    """Read what was written as a profile.

    Raises:
        InvalidRequest: ``profile.invalid``, names the fields.
    """
    try:
        return _profile(name, values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise _complaint([(".".join(map(str, one["loc"])), one["msg"]) for one in found]) from None


def _profile(name: str, values: Values) -> Profile:
    return Profile.model_validate({**values, "name": name})


def _complaint(found: list[tuple[str, str]]) -> InvalidRequest:
    said = (f"{way}: {text}" if way else text for way, text in found)
    return invalid("; ".join(said) + ".")
