"""What a server's answer says of the file we came for, and what we make of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.core.errors import ReelmillError, TooLarge, UrlFailed, UrlUnreachable
from pipeline.core.filenames import of_disposition

_OK, _PARTIAL, _NOT_SATISFIABLE = 200, 206, 416
_DENIED = frozenset({401, 402, 403, 407, 451})
_MISSING = frozenset({404, 410})
#: Answers that another time may be others; so are all from 500 on.
_BUSY = frozenset({408, 409, 423, 425, 429})
_OUT_OF_ORDER = 500
#: For servers that name a time of day, which we do not read.
_SOME_TIME_S = 60.0
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_NUMBER = re.compile(r"\d{1,18}")


class OtherFileError(Exception):
    """What lies at the address is not what it was: what we have of it is of no use."""


@dataclass(frozen=True)
class Told:
    """What the headers of an answer say of the file."""

    #: Of all of it; None where the server does not say.
    length_bytes: int | None
    #: Its ETag or date, by which a range can be asked of this very file; empty where neither is.
    validator: str
    #: Empty where the server names none.
    filename: str


def read(status: int, headers: Mapping[str, str], *, start: int, validator: str) -> Told:
    """Read what an answer to a request for the bytes from ``start`` on says.

    Raises:
        OtherFileError: it does not go on where we stopped.
        UrlFailed: there is no such file, or not for us; not retried.
        UrlUnreachable: not now.
    """
    if start and status in {_OK, _NOT_SATISFIABLE}:
        raise OtherFileError
    if status not in {_OK, _PARTIAL} or (status == _PARTIAL and not start):
        raise _refusal(status, headers)
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise UrlFailed("the server packs the file though we asked it not to", code="url.packed")
    told = Told(
        length_bytes=_number(headers.get("content-length")),
        validator=_validator(headers),
        filename=of_disposition(headers.get("content-disposition", "")),
    )
    return told if status == _OK else _continued(told, headers, start, validator)


def check_size(length_bytes: int, limit_bytes: int) -> None:
    """Refuse a file that is too large.

    Raises:
        TooLarge: ``url.too_large``.
    """
    if length_bytes > limit_bytes:
        raise TooLarge(f"the file is larger than {limit_bytes} bytes", code="url.too_large")


def _continued(told: Told, headers: Mapping[str, str], start: int, validator: str) -> Told:
    found = _RANGE.fullmatch(headers.get("content-range", "").strip())
    is_same = told.validator in {"", validator}
    if found is None or int(found[1]) != start or not is_same:
        raise OtherFileError
    return Told(_number(found[3]), validator, told.filename)


def _validator(headers: Mapping[str, str]) -> str:
    etag = headers.get("etag", "").strip()
    # A weak ETag promises a file that looks the same, not the same bytes.
    return etag if etag.startswith('"') else headers.get("last-modified", "").strip()


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text.strip()) else None


def _refusal(status: int, headers: Mapping[str, str]) -> ReelmillError:
    if status in _DENIED:
        return UrlFailed(
            f"the server does not let us have the file ({status})",
            code="url.denied",
            remedy="Use an address that needs no login, such as a signed link.",
        )
    if status in _MISSING:
        return UrlFailed(f"there is no file at the address ({status})", code="url.missing")
    if status in _BUSY or status >= _OUT_OF_ORDER:
        asked = headers.get("retry-after", "")
        delay_s = _number(asked)
        wish_s = float(delay_s) if delay_s is not None else _SOME_TIME_S if asked else 0.0
        return UrlUnreachable(
            f"the server is busy or out of order ({status})", code="url.busy", delay_s=wish_s
        )
    return UrlFailed(f"the server answered with status {status}, not with a file")
