"""Sums up the damage that the tasks of a job counted, and says it in words."""

from collections import defaultdict
from collections.abc import Iterable

from pipeline.core.survey import MOST_SPANS
from schemas.media import Damage, MediaWarning

#: Code of the warning for each kind of track, and where nothing is known to be lost.
_CODES = {"video": "media.concealed", "audio": "media.silenced"}
_COMPLAINED = "media.complaints"
#: Spans named in a sentence; the rest stands in the counts.
_NAMED_SPANS = 3


def warnings(damages: Iterable[Damage]) -> tuple[MediaWarning, ...]:
    """Make one warning per track, picture first, from the damage of its parts."""
    by_track: dict[tuple[bool, str], list[Damage]] = defaultdict(list)
    for damage in damages:
        by_track[damage.medium == "audio", damage.rendition or ""].append(damage)
    return tuple(_warning(summed(by_track[track])) for track in sorted(by_track))


def summed(damages: Iterable[Damage]) -> Damage:
    """Add up damage of parts that do not overlap, of one track."""
    parts = list(damages)
    spans = sorted(span for part in parts for span in part.spans_s)
    return Damage(
        medium=parts[0].medium,
        n_concealed=sum(part.n_concealed for part in parts),
        n_missing=sum(part.n_missing for part in parts),
        spans_s=tuple(spans[:MOST_SPANS]),
        affected_s=round(sum(part.affected_s for part in parts), 3),
        n_complaints=sum(part.n_complaints for part in parts),
        rendition=parts[0].rendition,
    )


def _warning(damage: Damage) -> MediaWarning:
    code = _CODES[damage.medium] if damage.is_shown else _COMPLAINED
    return MediaWarning(code=code, detail=described(damage), damage=damage)


def described(damage: Damage) -> str:
    """Say what is damaged in one sentence."""
    blanks = told(damage)
    if not damage.is_shown:
        return "{n_complaints} errors were read; all of it decodes{track}".format(**blanks)
    if damage.medium == "audio":
        return (
            "{n_missing} pieces of sound do not decode and are silent: "
            "{affected_s} s{places}{track}"
        ).format(**blanks)
    return (
        "{n_concealed} pictures decode only in part, {n_missing} not at all: "
        "up to {affected_s} s show it{places}"
    ).format(**blanks)


def told(damage: Damage) -> dict[str, str]:
    """Write the figures of damage for the blanks of a sentence, in whatever language."""
    named = [f"{_clock(a)}–{_clock(b)}" for a, b in damage.spans_s[:_NAMED_SPANS]]
    more = ["…"] if len(damage.spans_s) > len(named) else []
    return {
        "n_concealed": str(damage.n_concealed),
        "n_missing": str(damage.n_missing),
        "n_complaints": str(damage.n_complaints),
        "affected_s": f"{damage.affected_s:.2f}",
        "track": f" [{damage.rendition}]" if damage.rendition else "",
        "places": f" ({', '.join(named + more)})" if named else "",
    }


def _clock(at_s: float) -> str:
    whole = max(0.0, at_s)
    hours, minutes = int(whole // 3600), int(whole // 60) % 60
    rest = f"{minutes}:{whole % 60:04.1f}" if not hours else f"{minutes:02}:{whole % 60:04.1f}"
    return f"{hours}:{rest}" if hours else rest
