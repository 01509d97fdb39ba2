"""What the server refused, as an exception."""

from http import HTTPStatus

import httpx
from pydantic import ValidationError

from schemas.http import Problem


class ApiError(Exception):
    """The API answered with a problem, or did not answer (``code`` ``api.unreachable``)."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def raise_for(response: httpx.Response) -> None:
    """Raise ApiError unless the answer is good; reads the body of a bad one."""
    if not response.is_success:
        raise problem_of(response)


def problem_of(response: httpx.Response) -> ApiError:
    """Make the error of an answer that is not good; reads its body."""
    response.read()
    try:
        return ApiError(Problem.model_validate_json(response.content))
    except ValidationError:
        # Not ours: a proxy in between, say. Nor does an answer to HEAD have a body.
        return ApiError(bare(response.status_code))


def bare(status: int) -> Problem:
    """Make a problem of a status alone."""
    return Problem(
        type="about:blank",
        title=_phrase(status),
        status=status,
        detail=f"The server answered {status}.",
        code=f"http.{status}",
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def unreachable(base_url: str, error: Exception) -> ApiError:
    """Make the error for a server that does not answer."""
    return _no_server(f"No answer from {base_url}: {error or type(error).__name__}")


def foreign(base_url: str) -> ApiError:
    """Make the error for an answer that is not ours: another server, or another version of it."""
    return _no_server(f"What answers at {base_url} is not this version of Reelmill.")


def _no_server(detail: str) -> ApiError:
    return ApiError(
        Problem(
            type="urn:reelmill:problem:api.unreachable",
            title="Unreachable",
            status=0,
            detail=detail,
            code="api.unreachable",
            remedy="Start it with `reelmill up`, or name the right address.",
        )
    )
