"""The image of a watermark: a file beside the profile becomes part of it.

So a job's snapshot holds the image as it was, whatever becomes of the file.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.profiles.document import Document, invalid
from schemas.watermark import MOST_PNG_BYTES

_GROUP, _FILE, _CONTENT = "watermark", "file", "png_base64"


def embedded(document: Document, folder: Path) -> Document:
    """Replace ``watermark.file`` by the image's bytes.

    Raises:
        InvalidRequest: ``profile.invalid``, the file is elsewhere, too large or not to be read.
    """
    group = document.values.get(_GROUP)
    if not isinstance(group, Mapping) or _FILE not in group:
        return document
    place = document.place((_GROUP, _FILE))
    if _CONTENT in group:
        raise invalid(f"{place}: either `file` or `{_CONTENT}`, not both.")
    content = b64encode(_read(str(group[_FILE]), folder, place)).decode()
    rest: dict[str, Any] = {name: value for name, value in group.items() if name != _FILE}
    lines = {**document.lines, (_GROUP, _CONTENT): document.lines[_GROUP, _FILE]}
    values = {**document.values, _GROUP: {**rest, _CONTENT: content}}
    return replace(document, values=values, lines=lines)


def _read(name: str, folder: Path, place: str) -> bytes:
    # A name, not a way: profiles may come from people who may not read this box.
    path = folder / name
    if "\0" in name or Path(name).name != name or path.is_symlink():
        raise invalid(f"{place}: the image must lie beside the profile and be named without a way.")
    try:
        if path.stat().st_size > MOST_PNG_BYTES:
            raise invalid(f"{place}: the image is larger than {MOST_PNG_BYTES // 1024} KiB.")
        return path.read_bytes()
    except OSError as error:
        raise invalid(f"{place}: the image cannot be read: {error.strerror}.") from error
