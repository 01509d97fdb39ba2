"""What viewers may know of a stream, and the signed addresses they are given."""

from datetime import datetime

from schemas.streams import Camel, StreamId, StreamState


class WatchedStream(Camel):
    """A stream as whoever may watch it sees it: nothing of its owner, its door or its keys."""

    id: StreamId
    title: str
    description: str
    status: StreamState
    #: It is live, but its publisher was cut off and may still come back.
    is_reconnecting: bool
    scheduled_for: datetime | None
    #: Of the broadcast that is on, or was last.
    started_at: datetime | None
    ended_at: datetime | None
    #: Viewers now; None where nobody counts them.
    viewer_count: int | None = None
    #: The page for people.
    live_url: str
    hls_url: str
    flv_url: str
    #: This very document.
    stream_url: str
    #: Page of the broadcast that is on, from its beginning; None before there is anything.
    dvr_url: str | None = None
    #: Page of the newest broadcast that is over and can be watched.
    recording_url: str | None = None


class StreamLinks(Camel):
    """The addresses; all of them end together."""

    stream_id: StreamId
    expires_at: datetime
    label: str = ""
    live_url: str
    hls_url: str
    flv_url: str
    stream_url: str
