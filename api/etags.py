"""Tags of what is shown: unchanged is not sent again, and changed is not overwritten unseen.

A tag is the digest of the very bytes of an answer, so it is strong, and another one in another
language. ``If-Match`` is compared inside the transaction that changes something.
"""

import hashlib
from collections.abc import Callable

from flask import Response, request
from pydantic import BaseModel
from werkzeug.datastructures import ETags

from api.texts import language
from api.wording import worded

#: Seen by the caller alone, and asked for again each time.
KEPT = "private, no-cache"

#: Given what is there, or None where nothing is.
IsCurrent = Callable[[BaseModel | None], bool]


def tag_of(body: bytes) -> str:
    """Make the tag of an answer."""
    return hashlib.sha256(body).hexdigest()[:32]


def tagged(response: Response) -> Response:
    """Give an answer its tag; one that the caller has already loses its body."""
    etag = tag_of(response.get_data())
    response.set_etag(etag)
    response.headers["Cache-Control"] = KEPT
    asked = request.if_none_match
    if request.method in {"GET", "HEAD"} and (asked.star_tag or asked.contains_weak(etag)):
        response.status_code = 304
        response.set_data(b"")
        for name in ("Content-Type", "Content-Length", "Link"):
            response.headers.pop(name, None)
    return response


def is_current() -> IsCurrent:
    """Tell what a change is for: any form of the resource, or those whose tags were sent.

    To be called within the request, and asked within the transaction.
    """
    expected: ETags = request.if_match
    spoken, is_given = language(), "If-Match" in request.headers
    must_be_new = request.if_none_match.star_tag

    def compare(view: BaseModel | None) -> bool:
        if view is None or must_be_new:
            return view is None and not is_given
        if not is_given or expected.star_tag:
            return True
        return expected.is_strong(tag_of(worded(view, spoken).model_dump_json().encode()))

    return compare
