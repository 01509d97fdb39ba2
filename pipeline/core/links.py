"""Signed addresses of private media and streams: whoever has one may watch until it expires.

The token stands in the path, ``/media/{asset}/~{token}/…``, not in a query: every address in
playlists, manifests and WebVTT is relative, so a player carries it along by itself to segments,
keys and sprites, and no playlist is rewritten. Nothing of ours begins with ``~`` there. A
stream's token stands in ``/live/{stream}/~{token}/…``; its recordings have tokens of their own.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.core.errors import Forbidden
from schemas.streams import StreamId
from schemas.vocabulary import AssetId

#: What a path's token begins with.
MARK = "~"
#: Separates what is signed with this key from whatever else the installation's secret signs.
_PURPOSE = b"reelmill playback link 1"
_TOKEN = re.compile(r"([0-9]{1,12})\.([0-9]{1,9})\.([A-Za-z0-9_-]{0,64})\.[A-Za-z0-9_-]{43}")
_REMEDY = "Ask whoever gave it to you for a new one."


@dataclass(frozen=True)
class Link:
    """What a token grants, of one asset or stream."""

    #: Seconds of the Unix clock, whole.
    expires_at_s: int
    #: Of the asset or stream when it was made; all its links end when its epoch moves on.
    epoch: int
    #: Whom it was made for, in the app's own words; signed, never looked up.
    label: str = ""

    @property
    def expires_at(self) -> datetime:
        """The same as a time."""
        return datetime.fromtimestamp(self.expires_at_s, UTC)


def key_of(secret: bytes) -> bytes:
    """Derive the key links are signed with from the installation's secret."""
    return hmac.digest(secret, _PURPOSE, hashlib.sha256)


def sign(key: bytes, subject: AssetId | StreamId, link: Link) -> str:
    """Write a link as a token of letters, digits and ``.-_``."""
    granted = f"{link.expires_at_s}.{link.epoch}.{link.label}"
    return f"{granted}.{_signature(key, subject, granted)}"


def read(key: bytes, subject: AssetId | StreamId, token: str) -> Link:
    """Read a token back. Whether it has expired or was revoked is for ``check``.

    Raises:
        Forbidden: we never made it, or not for this (``playback.link_invalid``).
    """
    found = _TOKEN.fullmatch(token)
    granted, _, signature = token.rpartition(".")
    # The text is compared, not the bytes it stands for: base64 writes some bytes in two ways.
    if found is None or not hmac.compare_digest(signature, _signature(key, subject, granted)):
        detail = "This link was not made here for this video, or something of it is missing."
        raise Forbidden(detail, code="playback.link_invalid", remedy=_REMEDY)
    return Link(int(found[1]), int(found[2]), found[3])


def check(link: Link, *, now_s: float, epoch: int) -> None:
    """Refuse a link whose time is over.

    Raises:
        Forbidden: it expired, or its owner ended all links of the asset.
    """
    if now_s >= link.expires_at_s:
        detail = "This link has expired."
        raise Forbidden(detail, code="playback.link_expired", remedy=_REMEDY)
    if link.epoch != epoch:
        detail = "This link was revoked."
        raise Forbidden(detail, code="playback.link_revoked", remedy=_REMEDY)


def split(path: str) -> tuple[str | None, str]:
    """Take a token off the front of a path below an asset's media address."""
    first, _, rest = path.partition("/")
    return (first.removeprefix(MARK), rest) if first.startswith(MARK) else (None, path)


def below(asset_id: AssetId, token: str | None) -> str:
    """Name the address that all media of an asset lies below."""
    return f"/media/{asset_id}" if token is None else f"/media/{asset_id}/{MARK}{token}"


def live_below(stream_id: StreamId, token: str | None) -> str:
    """Name a stream's page; its media lie below, its FLV at the same address and ``.flv``."""
    return f"/live/{stream_id}" if token is None else f"/live/{stream_id}/{MARK}{token}"


def unsigned(path: str) -> str:
    """Take the token out of a path, for logs."""
    return re.sub(rf"/{MARK}[^/]*", f"/{MARK}…", path)


def _signature(key: bytes, subject: AssetId | StreamId, granted: str) -> str:
    # Ids hold no line break, so that no other pair reads the same.
    made = hmac.digest(key, f"{subject}\n{granted}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
