"""What is answered, as headers; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from ingest.tus.checksum import ALGORITHMS
from ingest.tus.headers import EXTENSIONS, VERSION

#: On every answer, refusals included.
ALWAYS: Mapping[str, str] = {"Tus-Resumable": VERSION}
VERSIONS: Mapping[str, str] = {"Tus-Version": VERSION}


@dataclass(frozen=True)
class Standing:
    """How an upload stands, as far as the protocol shows it."""

    #: None where there is none to tell: parts of it are not together yet.
    offset_bytes: int | None
    length_bytes: int | None
    raw_metadata: str | None = None
    concat: str | None = None
    #: None where it stays.
    expires_at: datetime | None = None


def options(*, max_bytes: int) -> dict[str, str]:
    """Say what the server can."""
    return {
        **VERSIONS,
        "Tus-Extension": ",".join(EXTENSIONS),
        "Tus-Max-Size": str(max_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def head(standing: Standing) -> dict[str, str]:
    """Say how an upload stands."""
    optional = {"Upload-Metadata": standing.raw_metadata, "Upload-Concat": standing.concat}
    return {
        **({} if standing.offset_bytes is None else moved(standing.offset_bytes)),
        **_length(standing),
        **{name: value for name, value in optional.items() if value is not None},
        **({} if standing.expires_at is None else expires(standing.expires_at)),
        "Cache-Control": "no-store",
    }


def _length(standing: Standing) -> dict[str, str]:
    if standing.length_bytes is not None:
        return {"Upload-Length": str(standing.length_bytes)}
    return {} if standing.offset_bytes is None else {"Upload-Defer-Length": "1"}


def moved(offset_bytes: int) -> dict[str, str]:
    """Say how far an upload is now."""
    return {"Upload-Offset": str(offset_bytes)}


def expires(at: datetime) -> dict[str, str]:
    """Say until when an upload waits for more; an aware time in UTC."""
    return {"Upload-Expires": format_datetime(at, usegmt=True)}
