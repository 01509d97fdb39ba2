"""Tickets: how browsers, which can send no headers there, show a websocket who they are."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.frozen import Frozen
from schemas.identity import Identity
from schemas.streams import StreamId, StreamIdText
from schemas.uploads import UploadId
from schemas.vocabulary import AssetId, JobId


class TicketRequest(Frozen):
    """Ask for the right to open one websocket, soon and once."""

    #: The job to follow; without one, everything.
    job_id: Annotated[JobId, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    #: Or the upload to follow.
    upload_id: Annotated[UploadId, StringConstraints(pattern=r"^[0-9a-f]{28}$")] | None = None
    #: Or the stream whose numbers to follow.
    stream_id: StreamIdText | None = None
    #: Of a signed address, what stands behind its ``~``: the right to watch what is private.
    playback_token: Annotated[str, StringConstraints(max_length=200)] | None = None


class Ticket(Frozen):
    """It goes into the websocket's address: ``?ticket=…``."""

    ticket: str
    expires_in_s: int


class Audience(StrEnum):
    """Who sits there, and so what they are told."""

    #: Whose job it is, or operators: everything.
    OWNERS = "owners"
    #: Whoever may watch the asset: how far it is, and nothing of how it is made.
    VIEWERS = "viewers"


class Seat(Frozen):
    """A right to follow something, and what it rests on."""

    #: None means everything, unless it is an upload's or a stream's.
    job_id: JobId | None = None
    upload_id: UploadId | None = None
    stream_id: StreamId | None = None
    audience: Audience
    #: None: nobody known.
    who: Identity | None = None
    login_id: str | None = None
    #: Of a viewer.
    asset_id: AssetId | None = None
    #: Of a viewer by a link.
    link_epoch: int | None = Field(default=None)
    #: Seconds since the epoch at which it ends whatever happens.
    until_s: float | None = None
