"""How a command ends: its exit code and, for an error, one readable message.

Exit codes are part of the interface: 0 ok · 1 the work failed · 2 wrong usage or settings ·
3 the server or a service cannot be reached · 4 refused or not found · 130 interrupted.
"""

import sys
from enum import IntEnum
from http import HTTPStatus
from types import TracebackType

from rich.console import Console

from compose.cli.speech import language
from pipeline.core.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    ReelmillError,
    Refused,
    Unavailable,
)
from pipeline.core.remedies import is_borrowed
from pipeline.messages import DEFAULT_LANGUAGE, words
from schemas.http import ErrorView, Problem

#: How a complaint begins, in languages other than English.
_ERROR = {"ko": "오류"}

#: Beginnings of codes that speak of files and settings of this box: a profile is only read there.
_OF_THIS_BOX = ("config.", "profile.invalid")


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    #: A job failed or was cancelled, a check of the doctor failed, or something unforeseen.
    FAILED = 1
    #: Wrong options or settings; nothing was tried.
    USAGE = 2
    #: The server, or a service that the command needs, does not answer.
    UNREACHABLE = 3
    #: The server said no: not found, a conflict, a limit.
    REFUSED = 4
    #: Ctrl-C.
    INTERRUPTED = 130


def code_of(error: ReelmillError) -> Exit:
    """Choose the exit code for an error of ours."""
    if isinstance(error, Unavailable):
        return Exit.UNREACHABLE
    if isinstance(error, InvalidRequest) and error.instance_code.startswith(_OF_THIS_BOX):
        return Exit.USAGE
    if isinstance(error, (NotFound, Conflict, Refused, InvalidRequest)):
        return Exit.REFUSED
    return Exit.FAILED


def code_of_problem(problem: Problem) -> Exit:
    """Choose the exit code for what a server answered, or did not answer."""
    if problem.code == "api.unreachable" or problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return Exit.UNREACHABLE
    is_ours = problem.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Exit.REFUSED if is_ours else Exit.FAILED


def complain(error: ErrorView) -> None:
    """Print an error for a reader: what happened, what to do, and the code to search for."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    said = words(error.code, language())
    if said is None or language() == DEFAULT_LANGUAGE:
        console.print(f"Error: {error.detail}", style="red", markup=False)
        remedy = error.remedy
        if said is not None and is_borrowed(error.code, remedy):
            remedy = said.remedy
    else:
        # The particulars are English; what they mean is not.
        console.print(
            f"{_ERROR[language()]}: {said.title}. {said.cause}", style="red", markup=False
        )
        console.print(error.detail, markup=False)
        remedy = said.remedy
    if remedy:
        console.print(remedy, markup=False)
    console.print(f"[{error.code}]", style="dim", markup=False)


def hide_tracebacks() -> None:
    """Turn an unforeseen exception into one line; the class and text are enough to report it."""
    sys.excepthook = _one_line


def _one_line(
    kind: type[BaseException], error: BaseException, _traceback: TracebackType | None
) -> None:
    complain(
        ErrorView(
            code="internal",
            detail=f"Something unforeseen happened: {kind.__name__}: {error}",
            remedy="Please report it with the command and this line.",
        )
    )
