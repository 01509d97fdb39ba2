"""How much of the sound is used: where to start reading, and how to cut it to the sample."""

from fractions import Fraction
from math import floor
from typing import Any

from schemas.media import MediaFacts
from schemas.tasks import EncodeAudioParams

#: Up to here what is left out is decoded and dropped, which is exact whatever the container's
#: clock; beyond it that would look like a child that makes no progress.
_DECODED_S = 60
#: Containers whose index finds a time; Matroska's clock of milliseconds may cost one of them.
_SOUGHT = frozenset(("mov", "matroska"))
#: Room for decoders that need earlier packets and for what lies between two keyframes.
_MARGIN_S = 10
_LEAD_S = 1


def origin_s(facts: MediaFacts) -> Fraction:
    """Choose the time that samples are counted from, in seconds before the stretch.

    That of the whole source's zero, unless that is far away: the same sound then comes out to the
    very sample. Zero of a source that is not trimmed.
    """
    skipped_s = facts.skipped_s or Fraction(0)
    return skipped_s - floor(skipped_s - _MARGIN_S) if _is_sought(facts) else skipped_s


def input_options(facts: MediaFacts, zero_s: Fraction) -> dict[str, str | None]:
    """Seek to the origin, where it is not the start; ``zero_s`` is the stretch's in source time."""
    if not _is_sought(facts):
        return {}
    return {
        # Well before the origin: sound that starts behind it would be off by the length of the
        # resampler's filter.
        "ss": f"{float(zero_s - origin_s(facts) - _LEAD_S):.6f}",
        # Source time as it is, and everything from where the demuxer lands: the filters cut.
        "seek_timestamp": "1",
        "noaccurate_seek": None,
    }


def begun(stream: Any, facts: MediaFacts) -> Any:
    """Drop what a seek brings from before the origin."""
    # The resampler would do it, but only to the millisecond.
    return stream.filter("atrim", start="0") if _is_sought(facts) else stream


def n_samples(params: EncodeAudioParams) -> int:
    """Count to the asset's end, which may lie up to half a frame further from the grid's zero."""
    facts = params.facts
    length_s = max(facts.duration_s, facts.start_s + facts.duration_s - params.zero_s)
    return round(length_s * params.audio.sample_rate_hz)


def cut(stream: Any, params: EncodeAudioParams) -> Any:
    """Take the stretch out of sound that was laid on the origin."""
    if params.facts.skipped_s is None:
        return stream
    first = round(origin_s(params.facts) * params.audio.sample_rate_hz)
    end = first + n_samples(params)
    stream = stream.filter("atrim", start_sample=first, end_sample=end)
    return stream.filter("asetpts", expr="PTS-STARTPTS")


def _is_sought(facts: MediaFacts) -> bool:
    is_far = facts.skipped_s is not None and facts.skipped_s > _DECODED_S
    return is_far and facts.is_seekable and facts.container in _SOUGHT
