"""The key of an embedded house, kept in its data folder for the command line beside it.

Whoever may read the folder may read the database in it as well: the file gives nothing away.
"""

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_NAME: Final = "cli.key"
_THIS_BOX: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class HouseKey:
    """A key, and the server it is for."""

    url: str
    key: str = field(repr=False)

    def is_for(self, server: str) -> bool:
        """Tell whether an address is that of the house, by whatever name of this box."""
        return _place(server) == _place(self.url)


def _place(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme, "this box" if host in _THIS_BOX else host, parts.port


def keep(data_dir: Path, kept: HouseKey) -> None:
    """Write the file, whole or not at all, for its owner's eyes alone."""
    path = data_dir / _NAME
    draft = path.with_name(f"{_NAME}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": kept.url, "key": kept.key}, file)
    draft.replace(path)


def find(data_dir: Path) -> HouseKey | None:
    """Read the file; None where there is none that can be read."""
    try:
        said = json.loads((data_dir / _NAME).read_text("utf-8"))
        return HouseKey(str(said["url"]), str(said["key"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
