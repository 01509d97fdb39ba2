"""What uploads in pieces may be refused with: leaves of the tree in ``errors``."""

from pipeline.core.errors import Conflict, InvalidRequest, NotFound, Refused


class Gone(NotFound):
    """It was there, and is not any more."""

    code = "upload.gone"
    default_remedy = "Send the file again as a new upload."


class Locked(Conflict):
    """Another request is at it."""

    code = "upload.locked"
    retryable = True
    default_remedy = "Ask for the offset (HEAD) in a moment and go on from there."


class VersionRefused(InvalidRequest):
    """It speaks another version of the protocol, or does not say which."""

    code = "upload.version"
    default_remedy = "Send `Tus-Resumable: 1.0.0`, as every TUS client does."


class MediaTypeRefused(InvalidRequest):
    """The body is of another type than is taken there."""

    code = "upload.media_type"
    default_remedy = "Send the bytes as `application/offset+octet-stream`."


class ChecksumMismatch(InvalidRequest):
    """The bytes that came are not those their sender meant."""

    code = "upload.checksum"
    retryable = True
    default_remedy = "Send the same piece again: nothing of it was kept."


class QuotaExceeded(Refused):
    """The account has had its share."""

    code = "quota.uploads"
    default_remedy = "Delete what is not needed any more, or ask the operator for more."
