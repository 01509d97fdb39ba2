"""Who is live, as everybody may see it."""

from datetime import datetime

from schemas.http import Page
from schemas.streams import Camel, StreamId


class OnAir(Camel):
    """A public stream that is live."""

    id: StreamId
    title: str
    description: str
    #: When this broadcast began.
    started_at: datetime
    #: It is live, but its publisher was cut off and may still come back.
    is_reconnecting: bool
    #: Viewers now; None where nobody knows just now.
    viewer_count: int | None = None
    #: The page for people.
    live_url: str
    hls_url: str
    flv_url: str
    #: A picture of it, where there is one.
    poster_url: str | None = None


class OnAirPage(Page):
    """Public streams that are live, the newest broadcast first."""

    items: tuple[OnAir, ...]
