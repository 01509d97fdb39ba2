"""Who may keep an answer of the media address: by the right it was given for."""

import re
from typing import Protocol

from flask import Response

_MAX_AGE = re.compile(r"max-age=([0-9]+)")


class Right(Protocol):
    """A right to watch, of whatever."""

    @property
    def is_open(self) -> bool:
        """Whether everybody has it."""

    @property
    def left_s(self) -> float | None:
        """How long a signed address still holds."""


def kept(response: Response, admission: Right) -> Response:
    """Let caches keep an answer no longer, and for no one else, than the right to it lasts.

    What was fetched by a signed address stays in the viewer's own cache. One that many share
    must not hold it: it would go on answering when the link is revoked.
    """
    if admission.is_open:
        return response
    told = response.headers.get("Cache-Control", "")
    if admission.left_s is None:
        # Its owner, without a link: for this very request.
        response.vary.update(("Authorization", "Cookie"))
        limited = "private, no-cache"
    else:
        found = _MAX_AGE.search(told)
        age_s = min(int(found[1]) if found else 0, int(admission.left_s))
        limited = f"private, max-age={age_s}{', immutable' if 'immutable' in told else ''}"
    if "no-store" not in told:
        response.headers["Cache-Control"] = limited
    return response


def is_for_owners(response: Response) -> bool:
    """Tell whether an answer depends on who asked: pages of other sites must not read it."""
    return "Authorization" in response.vary
