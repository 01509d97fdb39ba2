"""Sources that are not ready to be worked on: at an address of others, in parts, or unread."""

from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.frozen import Frozen
from schemas.vocabulary import AssetId, TaskKind


class UrlOrigin(Frozen):
    """At an address; all of it stands in a row of its own, for it may hold secrets."""

    kind: Literal["url"] = "url"
    #: The address without its query.
    shown: str


class StoredOrigin(Frozen):
    """In our own store already, in one object or in several that follow each other.

    One that is the source itself is only read, for its digest.
    """

    kind: Literal["stored"] = "stored"
    keys: tuple[str, ...] = Field(min_length=1)


Origin = Annotated[UrlOrigin | StoredOrigin, Field(discriminator="kind")]


class FetchParams(Frozen):
    """Bring the source to where tasks find it, and find out its size and digest."""

    kind: Literal[TaskKind.FETCH] = TaskKind.FETCH
    asset_id: AssetId
    origin: Origin
    #: Of the source, where it lies in one object already.
    key: str


class FetchResult(Frozen):
    """The source, in storage."""

    kind: Literal[TaskKind.FETCH] = TaskKind.FETCH
    key: str
    size_bytes: int
    sha256: str
    #: What its server calls it; empty where it says nothing.
    filename: str = ""


class FetchState(Frozen):
    """How far the fetch of an address is: enough for another worker to go on."""

    #: Object the bytes go to.
    key: str
    #: Bytes that are safe.
    size_bytes: int = 0
    #: The store's own notes.
    notes: dict[str, Any] = Field(default_factory=dict)
    #: What tells that the file is still the same: its ETag or date, as the server gave it.
    validator: str = ""
    #: Of all of it, where the server says so.
    length_bytes: int | None = None
    filename: str = ""
