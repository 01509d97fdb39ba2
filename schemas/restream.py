"""Where a stream is pushed on to while it is live; names as in ``streams``."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, NewType, Self

from pydantic import ConfigDict, StringConstraints, model_validator

from schemas.streams import Camel, Label, StreamId, left_out

RestreamTargetId = NewType("RestreamTargetId", str)

Address = Annotated[str, StringConstraints(min_length=8, max_length=2048)]
#: As services give it out, a query behind it included: printable ASCII.
Key = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[\x21-\x7e]+$")]


class TargetState(StrEnum):
    """How pushing on to a target goes."""

    #: Nothing is to be pushed: the stream is not live, or the target is switched off.
    IDLE = "idle"
    CONNECTING = "connecting"
    #: It takes what is pushed.
    LIVE = "live"
    #: It was not reached, or went away; it is tried again.
    RETRYING = "retrying"
    #: It said no; it is tried again, for services take a while to know a new key.
    REFUSED = "refused"


class RestreamRequest(Camel):
    """Push a stream on to another server whenever it is live."""

    label: Label = ""
    #: Of the server and its application, without the key: ``rtmps://live.example/app``.
    url: Address
    #: Kept locked away, and never shown again.
    key: Key
    is_enabled: bool = True


class RestreamChange(Camel):
    """What to change of a target; what is left out stays. Pushing begins anew where it must."""

    model_config = ConfigDict(
        json_schema_extra={"minProperties": 1, "dependentRequired": {"url": ["key"]}}
    )

    label: Label = left_out("")
    url: Address = left_out("-")
    key: Key = left_out("-")
    is_enabled: bool = left_out(default=True)

    @model_validator(mode="after")
    def _keys_stay_where_they_belong(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must change something")
        if "url" in self.model_fields_set and "key" not in self.model_fields_set:
            raise ValueError("another address takes its key too: the old one is not sent there")
        return self


class RestreamView(Camel):
    """A target as shown: never with its key."""

    id: RestreamTargetId
    stream_id: StreamId
    label: str
    url: str
    is_enabled: bool
    state: TargetState
    #: What the last try failed by; None where it goes well, or nothing was tried.
    error: str | None = None
    #: When the state began.
    since: datetime | None = None
    #: Of the connection that is on, or was last.
    sent_bytes: int
    #: Pictures and sounds that a target too slow for them did not get, likewise.
    dropped: int
    created_at: datetime


class RestreamList(Camel):
    """Targets of a stream, oldest first."""

    items: tuple[RestreamView, ...]
