"""What is said of one operation. To add a route, add one ``Operation`` to a file in ``table/``.

::

    Operation(
        "assets.one",                       # Flask's endpoint
        "GET",
        Tag.ASSETS,
        "Show an asset",                    # summary, imperative
        answers=(Answer(200, "The asset.", AssetView, headers=(ETAG,)),),
        body=…, query=…,                    # pydantic models, where it takes some; RAW for bytes
        problems={404: ("asset.not_found",)},
        about="More than the summary can say, in whole sentences.",
    )

Path and path parameters come from the route, who may ask from ``api/policy.py``; what every
operation of a form can be refused with (credentials, a wrong body, a foreign Origin, a database
that is away, …) is added by ``refusals``. Tests fail for a route without an operation, an
operation without a route, a code without words, and a code that no test speaks of.
``tests/integration/test_openapi_answers.py`` shows that refusals of a form occur everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel


class Tag(StrEnum):
    """Groups of operations, in the order of the documentation."""

    ASSETS = "assets"
    UPLOADS = "uploads"
    JOBS = "jobs"
    PROFILES = "profiles"
    ACCOUNTS = "accounts"
    STREAMS = "streams"
    WEBHOOKS = "webhooks"
    EVENTS = "events"
    FLEET = "fleet"
    PLAYBACK = "playback"
    HEALTH = "health"
    DOCUMENTATION = "documentation"


ETAG: Final = "ETag"
LINK: Final = "Link"
LOCATION: Final = "Location"
RETRY_AFTER: Final = "Retry-After"
UPLOAD_EXPIRES: Final = "Upload-Expires"
UPLOAD_LENGTH: Final = "Upload-Length"
UPLOAD_OFFSET: Final = "Upload-Offset"

JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
HTML: Final = "text/html"


@dataclass(frozen=True)
class Answer:
    """One way in which an operation answers when it goes well."""

    status: int
    text: str
    #: None where there is no body, or one that is no JSON.
    schema: type[BaseModel] | None = None
    #: Empty where there is no body.
    content_types: tuple[str, ...] = (JSON,)
    headers: tuple[str, ...] = ()


def nothing(status: int, text: str, *, headers: tuple[str, ...] = ()) -> Answer:
    """Answer without a body."""
    return Answer(status, text, content_types=(), headers=headers)


UNCHANGED: Final = nothing(304, "It is what `If-None-Match` says.", headers=(ETAG,))


@dataclass(frozen=True)
class Raw:
    """A body of bytes as they are."""

    content_type: str = BYTES
    is_required: bool = True


RAW: Final = Raw()


@dataclass(frozen=True)
class Operation:
    """One method of one route."""

    endpoint: str
    method: str
    tag: Tag
    summary: str
    answers: tuple[Answer, ...]
    body: type[BaseModel] | Raw | None = None
    query: type[BaseModel] | None = None
    #: Schemas of path parameters whose converter says too little.
    path: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: Further request headers: name → schema with description.
    headers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: Status → codes of what it may be refused with, beyond what all of its form are.
    problems: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    about: str = ""
    #: Example of the JSON body.
    example: Mapping[str, Any] | None = None
    #: Whether ``If-Match`` is heeded.
    is_matched: bool = False
    #: Whether it is answered without asking the database.
    is_static: bool = False
    #: Whether errors are problem documents; a page's are pages.
    has_problems: bool = True
    #: Whether what it lets through is open to pages of other sites.
    is_open: bool = False
