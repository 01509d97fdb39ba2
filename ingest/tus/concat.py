"""``Upload-Concat``: an upload that is a part of another, or one made of such parts; pure."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ingest.tus.headers import wrong
from schemas.uploads import UploadId, UploadKind

MAX_PARTS = 1000
_ID = re.compile(r"[0-9a-f]{28}")


@dataclass(frozen=True)
class Concat:
    """What an upload is of."""

    kind: UploadKind = UploadKind.WHOLE
    #: Of a final one, in order; the same may stand several times.
    parts: tuple[UploadId, ...] = ()


def concat(header: str | None, *, path: str) -> Concat:
    """Read the header; addresses may be absolute or relative, below ``path`` in either case.

    Raises:
        InvalidRequest: ``upload.header``, it is not as the protocol says.
    """
    if header is None:
        return Concat()
    kind, semicolon, addresses = header.strip().partition(";")
    if kind == UploadKind.PARTIAL and not semicolon:
        return Concat(UploadKind.PARTIAL)
    if kind == UploadKind.FINAL and semicolon:
        return Concat(UploadKind.FINAL, _parts(addresses.split(), path))
    raise wrong("Upload-Concat", "is neither `partial` nor `final;` with addresses")


def _parts(addresses: list[str], path: str) -> tuple[UploadId, ...]:
    if not 1 <= len(addresses) <= MAX_PARTS:
        raise wrong("Upload-Concat", f"does not name 1 to {MAX_PARTS} uploads")
    return tuple(_part(address, path) for address in addresses)


def _part(address: str, path: str) -> UploadId:
    try:
        before, _, name = urlsplit(address).path.rpartition("/")
    except ValueError:
        raise wrong("Upload-Concat", "holds an address that is none") from None
    # Behind a proxy the front of the path may be longer than we know it.
    if not before.endswith(path) or not _ID.fullmatch(name):
        raise wrong("Upload-Concat", "names something that is no upload of ours")
    return UploadId(name)


def shown(kind: UploadKind, parts: tuple[UploadId, ...], *, path: str) -> str | None:
    """Say the header again as it was said; None for an upload that is nobody's part."""
    if kind is UploadKind.WHOLE:
        return None
    if kind is UploadKind.PARTIAL:
        return kind.value
    return f"{kind.value};{' '.join(f'{path}/{part}' for part in parts)}"
