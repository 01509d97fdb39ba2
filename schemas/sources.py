"""Sources named by their address."""

from pydantic import Field

from schemas.frozen import Frozen
from schemas.identity import Playback


class UrlSource(Frozen):
    """A file at a public address of http or https, which the server fetches itself."""

    #: It may hold secrets: nothing shows its query, and it is forgotten once the file is there.
    url: str = Field(max_length=2048)
    #: What the file is called; else what its server or the address calls it.
    filename: str | None = Field(default=None, max_length=1024)
    playback: Playback = Playback.PUBLIC
