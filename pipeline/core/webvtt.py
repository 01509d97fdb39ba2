"""WebVTT: reads what ffmpeg wrote, and writes whole files and segments of cues.

Source: W3C WebVTT; RFC 8216 §3.5 for segments.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pipeline.core.cue_text import clean, escaped
from pipeline.core.measures import MEDIA_ZERO_S
from schemas.media import Chapter

#: A player lays cue times on media times by it: the asset's zero is ten seconds there.
TIMESTAMP_MAP = f"X-TIMESTAMP-MAP=MPEGTS:{MEDIA_ZERO_S * 90_000},LOCAL:00:00:00.000"
#: No film has so many; each is kept in memory.
MOST_CUES = 100_000

_TIMING = re.compile(
    r"((?:\d+:)?\d{2}:\d{2}\.\d{3})[ \t]+-->[ \t]+((?:\d+:)?\d{2}:\d{2}\.\d{3})(.*)"
)
#: Where and how a cue is laid out; regions go, because their definitions do.
_SETTING = re.compile(r"(?:line|position|size|align|vertical):[A-Za-z0-9.,%-]{1,24}")
_MS = 1000


@dataclass(frozen=True)
class Cue:
    """A text and when it is shown, in milliseconds from the asset's zero."""

    start_ms: int
    end_ms: int
    text: str
    settings: str = ""


def read(document: str, *, zero_ms: int, duration_s: Fraction) -> tuple[Cue, ...]:
    """Read cues, cleaned and in order, as far as they lie within the asset.

    Args:
        document: WebVTT as ffmpeg writes it: styles, regions and comments are passed over.
        zero_ms: time in the document of the asset's zero.
        duration_s: length of the asset.
    """
    end_ms = round(duration_s * _MS)
    found = []
    for block in re.split(r"\n{2,}", document.replace("\r\n", "\n").replace("\r", "\n")):
        cue = _cue(block, zero_ms, end_ms)
        if cue is not None:
            found.append(cue)
        if len(found) >= MOST_CUES:
            break
    return tuple(sorted(found, key=lambda cue: (cue.start_ms, cue.end_ms)))


def _cue(block: str, zero_ms: int, end_ms: int) -> Cue | None:
    lines = block.strip("\n").split("\n")
    # An identifier may stand before the times.
    for n, line in enumerate(lines[:2]):
        timing = _TIMING.fullmatch(line.strip())
        if timing is not None:
            start = max(0, _ms(timing[1]) - zero_ms)
            end = min(end_ms, _ms(timing[2]) - zero_ms)
            text = clean("\n".join(lines[n + 1 :]))
            settings = " ".join(each for each in timing[3].split() if _SETTING.fullmatch(each))
            return Cue(start, end, text, settings) if start < end and text else None
    return None


def _ms(text: str) -> int:
    *larger, seconds = text.split(":")
    whole, _, thousandths = seconds.partition(".")
    total_s = 0
    for part in (*larger, whole):
        total_s = total_s * 60 + int(part)
    return total_s * _MS + int(thousandths)


def document(cues: Sequence[Cue]) -> str:
    """Write one file of all cues, on the asset's zero."""
    return "\n\n".join(["WEBVTT", *map(_written, cues)]) + "\n"


def chapters(marks: Sequence[Chapter]) -> str:
    """Write chapters as WebVTT's kind ``chapters`` wants them: one cue each, plain text."""
    cues = [
        Cue(round(mark.start_s * _MS), round(mark.end_s * _MS), escaped(mark.title))
        for mark in marks
    ]
    return document(cues)


def segments(
    cues: Sequence[Cue], *, segment_s: int, duration_s: Fraction
) -> Iterator[tuple[Fraction, str]]:
    """Cut into segments: the length of each, and its text.

    A cue stands in every segment in which it is shown; players know it again.
    """
    start_s = Fraction(0)
    while start_s < duration_s:
        length_s = min(Fraction(segment_s), duration_s - start_s)
        first_ms, end_ms = start_s * _MS, (start_s + length_s) * _MS
        shown = [cue for cue in cues if cue.start_ms < end_ms and cue.end_ms > first_ms]
        blocks = [f"WEBVTT\n{TIMESTAMP_MAP}", *map(_written, shown)]
        yield length_s, "\n\n".join(blocks) + "\n"
        start_s += length_s


def _written(cue: Cue) -> str:
    timing = f"{_clock(cue.start_ms)} --> {_clock(cue.end_ms)} {cue.settings}".rstrip()
    return f"{timing}\n{cue.text}"


def _clock(ms: int) -> str:
    seconds, thousandths = divmod(ms, _MS)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{thousandths:03d}"
