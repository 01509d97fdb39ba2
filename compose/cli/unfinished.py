"""Uploads begun from this box and not complete: where to go on when the command runs again."""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.settings import UserFolders

#: Servers forget unfinished uploads sooner than this.
_KEPT_S = 30 * 86_400.0


def fingerprint(server: str, path: Path, metadata: Mapping[str, str]) -> str:
    """Name what is uploaded where: another file, size, time, server or wish is another upload.

    Raises:
        OSError: the file is not there.
    """
    found = path.stat()
    facts = [server, os.fsencode(path.resolve()).hex(), found.st_size, found.st_mtime_ns]
    said = json.dumps([facts, sorted(metadata.items())])
    return hashlib.sha256(said.encode()).hexdigest()


class Unfinished:
    """A folder with one small file per upload. Where it cannot be written, nothing is resumed."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or UserFolders().state / "uploads"

    def address(self, key: str) -> str | None:
        """Find where an earlier run began to send it."""
        with suppress(OSError, UnicodeError):
            return (self._folder / key).read_text(encoding="utf-8").strip() or None
        return None

    def note(self, key: str, address: str) -> None:
        """Remember where it is being sent; a process killed meanwhile leaves the old note."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._forget_old()
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=self._folder, prefix=".", delete=False
            ) as file:
                file.write(f"{address}\n")
            Path(file.name).replace(self._folder / key)

    def forget(self, key: str) -> None:
        """Remember it no more: it is complete, or cannot be."""
        with suppress(OSError):
            (self._folder / key).unlink(missing_ok=True)

    def _forget_old(self) -> None:
        oldest_at = time.time() - _KEPT_S
        for path in self._folder.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < oldest_at:
                    path.unlink()
