"""What comes in and goes out: JSON bodies, query strings, answers. Wrong input → FieldsInvalid."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from flask import Response, request
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.routing import BaseConverter

from api.problems import FieldsInvalid
from api.texts import language
from api.wording import worded
from schemas.frozen import Frozen
from schemas.http import JobRequest, Page
from schemas.identity import Playback
from schemas.vocabulary import AssetId, AssetState, JobState

#: More than any request of ours needs.
BODY_LIMIT_BYTES = 256 * 1024
_MAX_NUMBER = 2**63 - 1
_MAX_FILENAME = 255
_MAX_ERRORS = 20

Asked = TypeVar("Asked", bound=BaseModel)
Cursor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_=.:~-]{1,512}$")]
IdText = Annotated[AssetId, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class IdConverter(BaseConverter):
    """A path part that may be an id of ours; anything else is an unknown address (404)."""

    regex = r"[A-Za-z0-9_-]{1,64}"


class ListQuery(Frozen):
    """Query of every list."""

    cursor: Cursor | None = None
    limit: int = Field(default=50, ge=1, le=200)


class AssetListQuery(ListQuery):
    """Query of ``GET /api/assets``."""

    state: AssetState | None = None


class JobListQuery(ListQuery):
    """Query of ``GET /api/jobs``."""

    state: JobState | None = None
    asset_id: IdText | None = None


class ResumeQuery(Frozen):
    """Query of the websockets; without ``last_event_id`` the socket starts with a snapshot."""

    last_event_id: int | None = Field(default=None, ge=0, le=_MAX_NUMBER)


def _stored_filename(text: str) -> str:
    printable = "".join(char for char in text if char.isprintable())
    return printable.strip()[:_MAX_FILENAME] or "upload"


class UploadQuery(Frozen):
    """Query of ``POST /api/assets``; the name is shown to people and names nothing on disk."""

    filename: Annotated[str, AfterValidator(_stored_filename)] = "upload"
    playback: Playback = Playback.PUBLIC


def _without_nul(values: Mapping[str, Any]) -> Mapping[str, Any]:
    # PostgreSQL stores no NUL, neither in text nor in JSON.
    if any("\0" in f"{key}{value}" for key, value in values.items()):
        raise ValueError("must not contain NUL")
    return values


class JobBody(JobRequest):
    """A JobRequest as it may come from outside: ids and texts bounded."""

    asset_id: IdText
    profile: str = Field(default="default", max_length=64)
    metadata: Annotated[
        dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=2000)]],
        AfterValidator(_without_nul),
    ] = Field(default_factory=dict, max_length=50)


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
        return model.model_validate_json(request.get_data(cache=False))
    except ValidationError as error:
        raise FieldsInvalid(_fields(error)) from None


def query(model: type[Asked]) -> Asked:
    """Read the query string; unknown and repeated parameters are refused. Raises FieldsInvalid."""
    given = {
        name: values if len(values) > 1 else values[0] for name, values in request.args.lists()
    }
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise FieldsInvalid(_fields(error)) from None


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


def answer(view: BaseModel, status: int = 200, *, location: str | None = None) -> Response:
    """Write a schema as the JSON answer, in the caller's language.

    Lists get their ``Link`` to the next page.
    """
    spoken = worded(view, language())
    response = Response(spoken.model_dump_json(), status, content_type="application/json")
    if location:
        response.headers["Location"] = location
    if isinstance(view, Page) and view.next:
        following = urlencode({**request.args.to_dict(), "cursor": view.next})
        response.headers["Link"] = f'<{request.path}?{following}>; rel="next"'
    return response


def nothing() -> Response:
    """Answer 204."""
    return Response(status=204)
