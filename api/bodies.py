"""What comes in and goes out: JSON bodies, query strings, answers. Wrong input → FieldsInvalid."""

import re
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from flask import Response, request
from pydantic import BaseModel, Field, StringConstraints, ValidationError
from pydantic_core import from_json, to_json
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.routing import BaseConverter

from api.etags import tagged
from api.problems import FieldsInvalid
from api.texts import language
from api.wording import worded
from schemas.edits import Filename, Metadata
from schemas.frozen import Frozen
from schemas.http import JobRequest, Page
from schemas.identity import Playback
from schemas.listing import IdText

#: More than any request of ours needs.
BODY_LIMIT_BYTES = 256 * 1024
_MAX_NUMBER = 2**63 - 1
_MAX_ERRORS = 20
#: Up to here floats hold whole numbers exactly.
_EXACT = 2.0**53
_ENTRY = re.compile(r"(\w+)\[(.*)\]", re.DOTALL)

Asked = TypeVar("Asked", bound=BaseModel)
Cursor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_=.:~-]{1,512}$")]


class IdConverter(BaseConverter):
    """A path part that may be an id of ours; anything else is an unknown address (404)."""

    regex = r"[A-Za-z0-9_-]{1,64}"


class ListQuery(Frozen):
    """Query of every list."""

    cursor: Cursor | None = None
    limit: int = Field(default=50, ge=1, le=200)


class TicketQuery(Frozen):
    """Query of every websocket."""

    #: Of ``POST /api/tickets``.
    ticket: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")] | None = None


class ResumeQuery(TicketQuery):
    """Query of the websockets; without ``last_event_id`` the socket starts with a snapshot."""

    last_event_id: int | None = Field(default=None, ge=0, le=_MAX_NUMBER)


class UploadQuery(Frozen):
    """Query of ``POST /api/assets``; the name is shown to people and names nothing on disk."""

    filename: Filename = "upload"
    playback: Playback = Playback.PUBLIC


class JobBody(JobRequest):
    """A JobRequest as it may come from outside: ids and texts bounded."""

    asset_id: IdText | None = None
    profile: str = Field(default="default", max_length=64)
    metadata: Metadata = Field(default_factory=dict)


def body(model: type[Asked]) -> Asked:
    """Read the request's JSON body.

    Only ``application/json`` is taken: browsers cannot send that across sites without asking.

    Raises:
        FieldsInvalid: malformed JSON, unknown, missing or wrong fields.
        HTTPException: another content type (415), too large (413).
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send application/json.")
    request.max_content_length = BODY_LIMIT_BYTES
    try:
        # Strictly: what a schema calls a number is no text that looks like one.
        return model.model_validate_json(_exact(request.get_data(cache=False)), strict=True)
    except ValidationError as error:
        raise FieldsInvalid(_fields(error)) from None


def _exact(data: bytes) -> bytes:
    """Write whole numbers as such: to JSON 7.0 is the integer 7, to the models it is not."""
    if b".0" not in data:
        return data
    try:
        return to_json(_whole(from_json(data, allow_inf_nan=False)))
    except (ValueError, RecursionError):
        # The models say better what is wrong with it.
        return data


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return value


def query(model: type[Asked]) -> Asked:
    """Read the query string; unknown parameters, and repeated ones where one is meant, are refused.

    ``name[key]=value`` is an entry of the mapping ``name``. Raises FieldsInvalid.
    """
    try:
        return model.model_validate(_given(model))
    except ValidationError as error:
        raise FieldsInvalid(_fields(error)) from None


def _given(model: type[BaseModel]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, values in request.args.lists():
        value = values if len(values) > 1 else values[0]
        entry = _ENTRY.fullmatch(name)
        if entry is not None and entry[1] in model.model_fields:
            given.setdefault(entry[1], {})[entry[2]] = value
        else:
            given[name] = value
    return given


def _fields(error: ValidationError) -> tuple[dict[str, Any], ...]:
    # The offending input is not echoed: it may be huge or not ours to show.
    return tuple(
        {
            "field": ".".join(str(part) for part in found["loc"])[:200] or "body",
            "message": found["msg"],
            "code": found["type"],
        }
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    )[:_MAX_ERRORS]


def answer(
    view: BaseModel, status: int = 200, *, location: str | None = None, is_tagged: bool = False
) -> Response:
    """Write a schema as the JSON answer, in the caller's language.

    Lists get their ``Link`` to the next page; a tagged answer has an ``ETag`` and is not sent
    again to whoever has it.
    """
    spoken = worded(view, language())
    response = Response(spoken.model_dump_json(), status, content_type="application/json")
    if location:
        response.headers["Location"] = location
    if isinstance(view, Page) and view.next:
        rest = [pair for pair in request.args.items(multi=True) if pair[0] != "cursor"]
        following = urlencode([*rest, ("cursor", view.next)])
        response.headers["Link"] = f'<{request.path}?{following}>; rel="next"'
    return tagged(response) if is_tagged else response


def nothing() -> Response:
    """Answer 204."""
    return Response(status=204)
