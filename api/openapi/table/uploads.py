"""Uploads that come in pieces: TUS 1.0, and how far they are."""

from collections.abc import Mapping
from typing import Any, Final

from api.bodies import ListQuery
from api.openapi.operation import (
    LINK,
    LOCATION,
    UPLOAD_EXPIRES,
    UPLOAD_LENGTH,
    UPLOAD_OFFSET,
    Answer,
    Operation,
    Raw,
    Tag,
    nothing,
)
from schemas.uploads import UploadPage, UploadStatus

_PIECE: Final = Raw("application/offset+octet-stream", is_required=False)
_VERSION: Final[Mapping[str, Any]] = {
    "Tus-Resumable": {"type": "string", "enum": ["1.0.0"], "required": True}
}
_ABOUT: Final = (
    "TUS 1.0 with the extensions creation, creation-with-upload, creation-defer-length,"
    " expiration, checksum (sha1, sha256), termination and concatenation."
)


def _header(description: str, pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern, "description": description}


_CHECKSUM: Final = {
    "Upload-Checksum": _header("Algorithm and Base64 digest of the body.", r"^(sha1|sha256) \S+$")
}

UPLOADS: Final = (
    Operation(
        "tus.create",
        "POST",
        Tag.UPLOADS,
        "Open an upload",
        answers=(nothing(201, "Its address.", headers=(LOCATION, UPLOAD_OFFSET, UPLOAD_EXPIRES)),),
        body=_PIECE,
        headers={
            **_VERSION,
            **_CHECKSUM,
            UPLOAD_LENGTH: _header("Bytes of the file.", r"^[0-9]{1,18}$"),
            "Upload-Defer-Length": _header("`1` while the length is not known.", "^1$"),
            "Upload-Metadata": _header("`name base64, …`.", r"^[ -~]*$"),
            "Upload-Concat": _header("`partial`, or `final;` with addresses.", r"^[ -~]*$"),
        },
        problems={
            400: ("upload.header", "upload.metadata", "profile.unknown", "upload.cut"),
            404: ("upload.not_found",),
            409: ("profile.not_encodable", "upload.unfinished_part"),
            410: ("upload.gone",),
            412: ("upload.version",),
            413: ("request.too_large",),
            415: ("upload.media_type",),
            422: ("media.text", "media.image", "media.playlist", "media.other"),
            429: ("quota.uploads", "quota.bytes", "quota.minutes"),
            460: ("upload.checksum",),
            503: ("unavailable.storage",),
            507: ("upload.no_room", "storage.full"),
        },
        about=f"{_ABOUT} Of the metadata `filename`, `profile`, `priority`, `playback` and"
        " `meta.NAME` count.",
    ),
    Operation(
        "tus.offset",
        "HEAD",
        Tag.UPLOADS,
        "Tell how much of an upload is there",
        answers=(
            nothing(200, "The offset.", headers=(UPLOAD_OFFSET, UPLOAD_LENGTH, UPLOAD_EXPIRES)),
        ),
        headers=_VERSION,
        problems={
            404: ("upload.not_found",),
            409: ("lease.lost",),
            410: ("upload.gone",),
            412: ("upload.version",),
            423: ("upload.locked",),
        },
        about="A request that still writes to it is ended: whoever asks has come back.",
    ),
    Operation(
        "tus.append",
        "PATCH",
        Tag.UPLOADS,
        "Send more bytes of an upload",
        answers=(nothing(204, "How much is there now.", headers=(UPLOAD_OFFSET, UPLOAD_EXPIRES)),),
        body=_PIECE,
        headers={
            **_VERSION,
            **_CHECKSUM,
            UPLOAD_OFFSET: {
                **_header("How much is there, as HEAD tells.", r"^[0-9]{1,18}$"),
                "required": True,
            },
            UPLOAD_LENGTH: _header("Said now where it was deferred.", r"^[0-9]{1,18}$"),
        },
        problems={
            400: ("upload.header", "upload.length", "upload.cut"),
            403: ("upload.final",),
            404: ("upload.not_found",),
            409: ("upload.offset", "lease.lost"),
            410: ("upload.gone",),
            412: ("upload.version",),
            413: ("request.too_large",),
            415: ("upload.media_type",),
            422: ("media.text", "media.image", "media.playlist", "media.other"),
            423: ("upload.locked", "upload.taken_over"),
            460: ("upload.checksum",),
            503: ("unavailable.storage",),
            507: ("upload.no_room", "storage.full"),
        },
        about="The last bytes make it an asset with a job.",
    ),
    Operation(
        "tus.terminate",
        "DELETE",
        Tag.UPLOADS,
        "Drop an upload",
        answers=(nothing(204, "It is gone; an asset that it became stays."),),
        headers=_VERSION,
        problems={
            404: ("upload.not_found",),
            409: ("lease.lost",),
            410: ("upload.gone",),
            412: ("upload.version",),
            423: ("upload.locked",),
        },
    ),
    Operation(
        "uploads.listing",
        "GET",
        Tag.UPLOADS,
        "List unfinished uploads, newest first",
        answers=(Answer(200, "One page.", UploadPage, headers=(LINK,)),),
        query=ListQuery,
        problems={400: ("request.cursor",)},
    ),
    Operation(
        "uploads.one",
        "GET",
        Tag.UPLOADS,
        "Tell how far an upload is, and what came of it",
        answers=(Answer(200, "Its status.", UploadStatus),),
        problems={404: ("upload.not_found",), 410: ("upload.gone",)},
    ),
)
