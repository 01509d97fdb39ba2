"""What S3 servers and the way to them answer when they fail → our errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from xml.etree.ElementTree import ParseError

from minio.error import InvalidResponseError, S3Error, ServerError
from urllib3.exceptions import HTTPError

from pipeline.core.errors import NotFound, ReelmillError, StorageFull, StorageUnavailable

_MISSING = {"NoSuchKey", "NoSuchObject", "ResourceNotFound"}
_FULL = {
    "InsufficientStorage",
    "NotEnoughStorage",
    "QuotaExceeded",
    "StorageFull",
    "XMinioAdminBucketQuotaExceeded",
    "XMinioStorageFull",
}
_DENIED = {
    "AccessDenied",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "InvalidAccessKeyId",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
}
#: Answered with a status in the 400s although the same request may pass next time.
_PASSING = {
    "BadDigest",
    "IncompleteBody",
    "OperationAborted",
    "RequestTimeout",
    "SlowDown",
    "TooManyRequests",
    "XAmzContentSHA256Mismatch",
}
_PASSING_STATUS = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the client's errors about ``what`` into ours.

    Transient ones keep the code ``unavailable.storage``; others get a finer one, so that
    nobody retries them.
    """
    try:
        yield
    except S3Error as error:
        status = error.response.status
        raise _ours(error.code or "", status, f"{what}: {error.code}: {error.message}") from error
    except ServerError as error:
        raise _ours("", error.status_code, f"{what}: HTTP {error.status_code}") from error
    except InvalidResponseError as error:
        # No accessor for the status; a proxy in front of S3 answers in HTML, say.
        status = int(error._code)  # noqa: SLF001
        raise _ours("", status, f"{what}: HTTP {status}, not XML") from error
    except (HTTPError, OSError, ParseError, UnicodeDecodeError) as error:
        raise StorageUnavailable(f"{what}: {type(error).__name__}: {error}") from error


def _ours(code: str, status: int, detail: str) -> ReelmillError:
    if code in _MISSING or (not code and status == HTTPStatus.NOT_FOUND):
        return NotFound(detail)
    if code in _FULL or status == HTTPStatus.INSUFFICIENT_STORAGE:
        return StorageFull(detail)
    if code in _DENIED or (not code and status == HTTPStatus.FORBIDDEN):
        return StorageUnavailable(
            detail,
            code="storage.denied",
            remedy="Check the S3 keys, the bucket's policy and this box's clock.",
        )
    # An error inside a 200 answer is one the server met half-way: it may pass as well.
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status < HTTPStatus.BAD_REQUEST:
        return StorageUnavailable(detail)
    if code in _PASSING or status in _PASSING_STATUS:
        return StorageUnavailable(detail)
    return StorageUnavailable(detail, code=_REFUSED.get(code, "storage.refused"))


_REFUSED = {
    "InvalidRange": "storage.past_end",
    "NoSuchBucket": "storage.no_bucket",
    "NoSuchUpload": "storage.upload_lost",
    "InvalidPart": "storage.upload_lost",
    "InvalidPartOrder": "storage.upload_lost",
    "PreconditionFailed": "storage.changed",
}
