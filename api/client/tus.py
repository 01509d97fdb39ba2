"""Uploads that outlive their connections, after TUS 1.0: what is said, what answers mean; pure."""

import base64
from collections.abc import Mapping
from enum import StrEnum

PATH = "/api/upload/video/tus"
VERSION: Mapping[str, str] = {"Tus-Resumable": "1.0.0"}
#: Of every body with bytes of an upload.
BODY_TYPE = "application/offset+octet-stream"

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
#: A server that asks for more than this is asked again all the same.
_LONGEST_WISH_S = 60.0
#: Not now: the offset has moved on, another connection still has the upload, the server is busy.
_LATER = {408, 409, 423, 425, 429}
_GONE = {404, 410}


class Verdict(StrEnum):
    """What an answer means for the upload."""

    GO_ON = "go_on"
    #: Ask for the offset after a pause, and go on from there.
    LATER = "later"
    #: The server does not know it, or not any more.
    GONE = "gone"
    #: It will not be any different the next time.
    REFUSED = "refused"


def verdict(status: int) -> Verdict:
    """Judge an answer by its status."""
    if 200 <= status < 300:  # noqa: PLR2004 - the class of good answers
        return Verdict.GO_ON
    if status in _GONE:
        return Verdict.GONE
    # 507: it will not have more room soon, and whoever waits here should hear so.
    if status in _LATER or (status >= 500 and status != 507):  # noqa: PLR2004 - likewise
        return Verdict.LATER
    return Verdict.REFUSED


def creation(length_bytes: int | None, metadata: Mapping[str, str]) -> dict[str, str]:
    """Say what is to come; a length of None is told with the last bytes."""
    length = (
        {"Upload-Defer-Length": "1"}
        if length_bytes is None
        else {"Upload-Length": str(length_bytes)}
    )
    # An empty header is none at all to some servers, and wrong to others.
    told = {"Upload-Metadata": encoded(metadata)} if metadata else {}
    return {**VERSION, **length, **told}


def encoded(metadata: Mapping[str, str]) -> str:
    """Write names and values as the header wants them."""
    return ",".join(f"{name} {_base64(value)}".strip() for name, value in metadata.items())


def piece(offset_bytes: int, n_bytes: int, length_bytes: int | None = None) -> dict[str, str]:
    """Say which bytes come; the length of all where it was not known before."""
    length = {} if length_bytes is None else {"Upload-Length": str(length_bytes)}
    return {
        **VERSION,
        **length,
        "Content-Type": BODY_TYPE,
        "Content-Length": str(n_bytes),
        "Upload-Offset": str(offset_bytes),
    }


def offset(headers: Mapping[str, str]) -> int:
    """Read how much the server has.

    Raises:
        ValueError: it does not say, so it is none of ours.
    """
    return int(headers.get("Upload-Offset", ""))


def pause_s(n_failures: int, chance: float, wish: str | None = None) -> float:
    """Choose how long to wait after so many failures in a row.

    ``chance`` is 0 to 1, so that a restarted server is not met by all its clients at once;
    ``wish`` is the server's ``Retry-After``.
    """
    wished_s = float(wish) if wish is not None and wish.isdecimal() else 0.0
    own_s: float = min(_FIRST_PAUSE_S * 2.0 ** min(n_failures, 16), _LONGEST_PAUSE_S)
    return max(own_s * (0.5 + chance), min(wished_s, _LONGEST_WISH_S))


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode("ascii")
