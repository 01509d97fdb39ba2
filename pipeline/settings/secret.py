"""The installation's secret: set, or made once and kept in the data folder."""

import os
import secrets
from pathlib import Path

from pipeline.core.errors import Conflict

NAME = "secret"
_BYTES = 32


def installation_secret(given: str, data_dir: Path) -> bytes:
    """Read what everything is signed with that this installation gives out.

    Keys are derived from it, one per purpose; it is never used itself.

    Raises:
        Conflict: none is set, and the data folder's cannot be made or read.
    """
    if given:
        return given.encode()
    path = data_dir / NAME
    try:
        if not path.exists():
            _make(path)
        kept = path.read_bytes()
    except OSError as error:
        raise _unusable(path, error.strerror or "it cannot be read") from error
    if len(kept) < _BYTES:
        raise _unusable(path, "it is too short to be one")
    return kept


def _make(path: Path) -> None:
    """Make it whole or not at all; of several processes that start together one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{NAME}-{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(_BYTES).encode())
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename it replaces nothing.
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()


def _unusable(path: Path, why: str) -> Conflict:
    return Conflict(
        f"The secret in {path} cannot be used: {why}.",
        code="data_dir.unusable",
        remedy="Let the process read and write the data folder, or set REELMILL_SECRET.",
    )
