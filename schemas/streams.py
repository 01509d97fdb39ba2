"""Streams, their keys and their broadcasts; written the way browsers' scripts name things."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NewType, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

from schemas.frozen import Frozen
from schemas.http import Page
from schemas.identity import Playback
from schemas.vocabulary import AssetId, JobId

StreamId = NewType("StreamId", str)
StreamKeyId = NewType("StreamKeyId", str)
SessionId = NewType("SessionId", str)

#: How long a publisher that is gone may stay away before its broadcast is over.
GRACE_S = 60
MAX_GRACE_S = 1800

StreamIdText = Annotated[StreamId, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
SessionIdText = Annotated[SessionId, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
_FIRST_YEAR, _LAST_YEAR = 2000, 2199


def _read(value: Any) -> Any:
    # Text of digits alone would be read as seconds since 1970.
    if not isinstance(value, str):
        return value
    if value.isdecimal():
        raise ValueError("must be a time with its offset, such as 2026-02-03T04:05:06Z")
    return datetime.fromisoformat(value.upper())


def _imaginable(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"must be within the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment


Schedule = Annotated[AwareDatetime, AfterValidator(_imaginable), BeforeValidator(_read)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_LINE)]
Label = Annotated[str, StringConstraints(max_length=100, pattern=_LINE)]
About = Annotated[str, StringConstraints(max_length=5000, pattern=r"^[^\x00]*$")]
ProfileName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_LINE)]
KeepDays = Annotated[int, Field(ge=1, le=36_500)]
GraceS = Annotated[int, Field(ge=0, le=MAX_GRACE_S)]


class StreamState(StrEnum):
    """What viewers of a stream can expect."""

    #: It is set up or announced; nobody has published since.
    PREPARING = "preparing"
    #: Somebody publishes, or was cut off and may still come back.
    LIVE = "live"
    ENDED = "ended"


class SessionState(StrEnum):
    """One broadcast, however often its connection drops."""

    #: A publisher is connected.
    OPEN = "open"
    #: It is gone and may come back: same broadcast, same recording.
    GRACE = "grace"
    CLOSED = "closed"


class SessionEnd(StrEnum):
    """Why a broadcast is over."""

    #: The publisher left and did not come back in time.
    LEFT = "left"
    #: Somebody stopped it.
    STOPPED = "stopped"
    #: Its key was revoked or given a new secret.
    REVOKED = "revoked"


class Camel(Frozen):
    """A value whose names are written in camelCase outside."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )


class StreamRequest(Camel):
    """Set up a stream."""

    title: Title
    description: About = ""
    playback: Playback = Playback.PUBLIC
    #: Whether its broadcasts stay as assets.
    is_recorded: bool = True
    #: Days a recording is kept; None for ever.
    keep_days: KeepDays | None = None
    grace_s: GraceS = GRACE_S
    #: What is made of its broadcasts; kept as it is now.
    profile: ProfileName = "default"
    scheduled_for: Schedule | None = None


def _has_no_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def left_out(default: Any) -> Any:
    """Default of a field that stays as it is where it is left out; None is no value of it."""
    return Field(default=default, json_schema_extra=_has_no_default)


class StreamChange(Camel):
    """What to change of a stream; what is left out stays. A broadcast goes on as it began."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    title: Title = left_out("-")
    description: About = left_out("")
    playback: Playback = left_out(Playback.PUBLIC)
    is_recorded: bool = left_out(default=True)
    keep_days: KeepDays | None = left_out(None)
    grace_s: GraceS = left_out(GRACE_S)
    profile: ProfileName = left_out("default")
    scheduled_for: Schedule | None = left_out(None)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must change something")
        return self


class SessionView(Camel):
    """One broadcast as shown."""

    id: SessionId
    stream_id: StreamId
    #: Where it is recorded, and watched from its beginning.
    asset_id: AssetId
    job_id: JobId | None
    state: SessionState
    opened_at: datetime
    last_byte_at: datetime
    #: Since when its publisher is away; None while it is there.
    dropped_at: datetime | None = None
    closed_at: datetime | None = None
    end: SessionEnd | None = None
    #: How often a publisher took it up.
    epoch: int
    received_bytes: int
    #: Most viewers at a time.
    peak_viewers: int = 0
    #: What the door measures: codecs, frame rate, bitrate.
    facts: dict[str, Any] = Field(default_factory=dict)


class SessionPage(Page):
    """Broadcasts of a stream, newest first."""

    items: tuple[SessionView, ...]


class StreamView(Camel):
    """A stream as shown: never with a key."""

    id: StreamId
    account: str
    title: str
    description: str
    status: StreamState
    playback: Playback
    is_recorded: bool
    keep_days: int | None
    grace_s: int
    profile: str
    scheduled_for: datetime | None
    #: Where to publish; the key goes behind it, or into the field for it.
    rtmp_url: str
    hls_url: str
    flv_url: str
    #: Viewers now; None where nobody counts them.
    viewer_count: int | None = None
    #: Most viewers at a time of the broadcast that is on, or was last.
    peak_viewers: int
    #: Of the broadcast that is on, or was last.
    started_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    #: The newest broadcasts, newest first; left out in lists.
    sessions: tuple[SessionView, ...] = ()


class StreamPage(Page):
    """Streams, newest first."""

    items: tuple[StreamView, ...]


class StreamKeyRequest(Camel):
    """Ask for a key to publish with; without a stream, a new one is set up for it."""

    stream_id: StreamIdText | None = None
    label: Label = ""


class StreamKeyChange(Camel):
    """Name a key anew, or give it a new secret: the old one ends, with what is published by it."""

    label: Label | None = None
    rotate: bool = False


class StreamKeyView(Camel):
    """A key as shown: its beginning alone."""

    id: StreamKeyId
    stream_id: StreamId
    label: str
    prefix: str
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class StreamKeyMade(StreamKeyView):
    """The answer to making a key and to rotating it: the only ones that show all of it."""

    key: str


class StreamKeyChanged(StreamKeyView):
    """A key that was changed."""

    #: All of it, where a new secret was asked for; shown this once.
    key: str | None = None


class StreamKeyList(Camel):
    """Keys, newest first."""

    items: tuple[StreamKeyView, ...]


class StartRequest(Camel):
    """Get ready to publish: a stream of one's own, or a new one."""

    stream_id: StreamIdText | None = None
    #: Of a new one.
    title: Title = "Live"


class StartView(Camel):
    """A stream to publish to, and its key where it is new."""

    stream: StreamView
    key: StreamKeyMade | None = None


class StopRequest(Camel):
    """End a broadcast; without a stream, the one that is on."""

    stream_id: StreamIdText | None = None


class BroadcastState(Camel):
    """What the caller has prepared and what is on."""

    is_live: bool
    streams: tuple[StreamView, ...]
