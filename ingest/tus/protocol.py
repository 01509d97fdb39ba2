"""Requests, read: what a client wants, decided from headers alone; pure."""

from dataclasses import dataclass

from ingest.tus.checksum import Checksum, checksum
from ingest.tus.concat import Concat, concat
from ingest.tus.headers import Headers, carries_bytes, limited, number, speaks, wrong
from ingest.tus.metadata import decoded
from pipeline.core.errors import TooLarge
from pipeline.core.upload_errors import MediaTypeRefused, VersionRefused
from schemas.uploads import UploadKind


@dataclass(frozen=True)
class Creation:
    """A new upload."""

    #: None while the client does not know it, and of a final upload.
    length_bytes: int | None
    metadata: dict[str, str]
    #: As it was sent, to be shown again.
    raw_metadata: str | None
    concat: Concat
    #: Whether the body holds the first bytes.
    has_bytes: bool
    checksum: Checksum | None


@dataclass(frozen=True)
class Append:
    """More bytes for an upload."""

    offset_bytes: int
    #: Said now where it was deferred.
    length_bytes: int | None
    checksum: Checksum | None


def require_version(headers: Headers) -> None:
    """Let go on who speaks our version.

    Raises:
        VersionRefused: they do not.
    """
    if not speaks(headers):
        raise VersionRefused("Tus-Resumable is not 1.0.0")


def creation(headers: Headers, *, path: str, max_bytes: int) -> Creation:
    """Read a POST.

    Raises:
        InvalidRequest: a header is wrong, or the length is neither given nor deferred.
        TooLarge: it announces more than ``max_bytes``.
        MediaTypeRefused: its body is not said to hold bytes of an upload.
    """
    said = concat(limited(headers, "Upload-Concat"), path=path)
    raw = limited(headers, "Upload-Metadata")
    return Creation(
        length_bytes=_length(headers, said.kind, max_bytes),
        metadata=decoded(raw),
        raw_metadata=raw,
        concat=said,
        has_bytes=_has_bytes(headers, said.kind),
        checksum=checksum(limited(headers, "Upload-Checksum")),
    )


def _length(headers: Headers, kind: UploadKind, max_bytes: int) -> int | None:
    length_bytes = number(headers, "Upload-Length")
    deferred = headers.get("Upload-Defer-Length")
    if kind is UploadKind.FINAL:
        if length_bytes is not None or deferred is not None:
            raise wrong("Upload-Length", "is not for a final upload: its parts tell")
        return None
    if deferred is not None and deferred.strip() != "1":
        raise wrong("Upload-Defer-Length", "can only be 1")
    if (length_bytes is None) == (deferred is None):
        raise wrong("Upload-Length", "or else Upload-Defer-Length must be there, and only one")
    return _within(length_bytes, max_bytes)


def _within(length_bytes: int | None, max_bytes: int) -> int | None:
    if length_bytes is not None and length_bytes > max_bytes:
        raise TooLarge(f"{length_bytes} bytes announced, {max_bytes} are allowed.")
    return length_bytes


def _has_bytes(headers: Headers, kind: UploadKind) -> bool:
    if not number(headers, "Content-Length") and headers.get("Transfer-Encoding") is None:
        return False
    if not carries_bytes(headers) or kind is UploadKind.FINAL:
        raise MediaTypeRefused("the body of a creation holds bytes of the upload or nothing")
    return True


def appending(headers: Headers, *, max_bytes: int) -> Append:
    """Read a PATCH.

    Raises:
        MediaTypeRefused: it is of another content type.
        InvalidRequest: a header is missing or wrong.
        TooLarge: it announces more than ``max_bytes``.
    """
    if not carries_bytes(headers):
        raise MediaTypeRefused("bytes of an upload come as application/offset+octet-stream")
    offset_bytes = number(headers, "Upload-Offset")
    if offset_bytes is None:
        raise wrong("Upload-Offset", "is missing")
    return Append(
        offset_bytes=offset_bytes,
        length_bytes=_within(number(headers, "Upload-Length"), max_bytes),
        checksum=checksum(limited(headers, "Upload-Checksum")),
    )
