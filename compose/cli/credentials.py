"""What the command line shows to a server: never on its own command line, where others see it."""

from contextvars import ContextVar
from pathlib import Path
from typing import Final

from compose import configuration, house_key
from pipeline.core.errors import InvalidRequest

#: Named by ``--key-file``.
KEY_FILE: Final[ContextVar[Path | None]] = ContextVar("key_file", default=None)


def credential(server: str) -> str | None:
    """Choose the key for a server; None: it is asked without.

    That of ``--key-file``, else ``REELMILL_API_KEY``, else the one in the data folder, which is
    shown to the house it belongs to alone.

    Raises:
        InvalidRequest: the file cannot be read, or the settings do not parse.
    """
    named = KEY_FILE.get()
    if named is not None:
        return _read(named)
    settings = configuration.load()
    given = settings.api_key.get_secret_value()
    if given:
        return given
    kept = house_key.find(settings.data_dir)
    return kept.key if kept is not None and kept.is_for(server) else None


def _read(path: Path) -> str:
    try:
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeError) as error:
        raise _unusable(path, "cannot be read") from error
    kept = house_key.find(path.parent) if text.startswith("{") else None
    key = text if kept is None else kept.key
    if not key or not key.isprintable() or " " in key:
        raise _unusable(path, "holds no key")
    return key


def _unusable(path: Path, why: str) -> InvalidRequest:
    return InvalidRequest(
        f"The key file {path} {why}.",
        code="config.invalid",
        remedy="Name a file whose only line is an API key.",
    )
