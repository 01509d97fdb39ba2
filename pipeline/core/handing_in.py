"""What whoever hands a file in may say about it: an allow-list, everything else is passed over.

Names are shown to people and name nothing on a disk; formats are told by content, so a media
type that is said counts for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.core.errors import InvalidRequest
from pipeline.core.filenames import harmless
from schemas.identity import Playback
from schemas.trim import Trim

_UNNAMED = "upload"
_DEFAULT_PRIORITY = 5
_META = "meta."
_MAX_META, _MAX_META_NAME, _MAX_META_VALUE = 50, 100, 2000


@dataclass(frozen=True)
class Wish:
    """What shall become of a file."""

    filename: str = _UNNAMED
    profile: str = "default"
    priority: int = _DEFAULT_PRIORITY
    playback: Playback = Playback.PUBLIC
    #: Of the app, passed through.
    metadata: dict[str, str] = field(default_factory=dict)
    #: Uses this stretch alone, whatever the profile says.
    trim: Trim | None = None


def wish_of(said: Mapping[str, str]) -> Wish:
    """Read what is said of a file.

    Known are ``filename`` (or ``name``), ``profile``, ``priority``, ``playback``,
    ``trim.start_s`` and ``trim.end_s``, and ``meta.NAME`` for an app's own notes.

    Raises:
        InvalidRequest: ``upload.metadata``, a value is none of those allowed.
    """
    return Wish(
        filename=harmless(said.get("filename") or said.get("name") or "") or _UNNAMED,
        profile=said.get("profile") or "default",
        priority=_priority(said.get("priority")),
        trim=_trim(said),
        playback=_playback(said.get("playback")),
        metadata=_metadata(said),
    )


def _priority(text: str | None) -> int:
    if not text:
        return _DEFAULT_PRIORITY
    if len(text) > 1 or text not in "0123456789":
        raise _bad("priority", "is not 0 to 9")
    return int(text)


def _trim(said: Mapping[str, str]) -> Trim | None:
    ends = {name: said.get(f"trim.{name}") or None for name in ("start_s", "end_s")}
    given = {name: text for name, text in ends.items() if text is not None}
    if not given:
        return None
    try:
        return Trim.model_validate(given)
    except ValueError:
        raise _bad("trim", "is not two times in seconds, one behind the other") from None


def _playback(text: str | None) -> Playback:
    if not text:
        return Playback.PUBLIC
    if text not in set(Playback):
        raise _bad("playback", f"is none of {', '.join(Playback)}")
    return Playback(text)


def _metadata(said: Mapping[str, str]) -> dict[str, str]:
    notes = {
        name.removeprefix(_META): value for name, value in said.items() if name.startswith(_META)
    }
    if len(notes) > _MAX_META:
        raise _bad("meta.*", f"is there more than {_MAX_META} times")
    for name, value in notes.items():
        if not 1 <= len(name) <= _MAX_META_NAME or len(value) > _MAX_META_VALUE:
            raise _bad("meta.*", "has a name or a value that is empty or too long")
        if any(not char.isprintable() and char not in "\n\t" for char in value):
            raise _bad("meta.*", "has a control character in its value")
    return notes


def _bad(name: str, what: str) -> InvalidRequest:
    return InvalidRequest(f"Upload-Metadata: {name} {what}.", code="upload.metadata")
