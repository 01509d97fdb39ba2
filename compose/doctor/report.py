"""What the doctor found."""

from enum import StrEnum

from pydantic import computed_field

from schemas.frozen import Frozen


class Finding(StrEnum):
    """How one check ended."""

    OK = "ok"
    #: Works, but somebody should know.
    NOTE = "note"
    FAILED = "failed"


class Check(Frozen):
    """One check."""

    name: str
    finding: Finding
    detail: str
    #: Stable code of what went wrong, empty where nothing did.
    code: str = ""
    remedy: str = ""


class Report(Frozen):
    """All of them, in the order they were made."""

    checks: tuple[Check, ...]

    @computed_field  # type: ignore[prop-decorator]  # the form pydantic documents
    @property
    def is_ok(self) -> bool:
        """Whether none failed."""
        return all(check.finding != Finding.FAILED for check in self.checks)


def ok(name: str, detail: str) -> Check:
    """Make a check that found nothing wrong."""
    return Check(name=name, finding=Finding.OK, detail=detail)


def note(name: str, detail: str, remedy: str = "") -> Check:
    """Make a check that found something to know."""
    return Check(name=name, finding=Finding.NOTE, detail=detail, remedy=remedy)
