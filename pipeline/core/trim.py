"""The stretch of a source that is used: its facts, as if nothing else were in the file.

Whatever is planned and made from these facts begins and ends with the stretch. Only who reads
the source needs to know more: ``skipped_s`` tells that there is something before and behind it.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import TypeVar

from pipeline.core import chunks
from pipeline.core.errors import MediaUnsupported
from schemas.media import AudioFacts, Chapter, MediaFacts, VideoFacts
from schemas.profile import Profile
from schemas.trim import Trim

#: Less than any frame lasts.
_LEAST_S = Fraction(1, 120)

Track = TypeVar("Track", VideoFacts, AudioFacts)


def used(facts: MediaFacts, profile: Profile) -> MediaFacts:
    """Give the facts of what a profile uses of a source: all of it, or a trimmed stretch.

    Borders lie on frames of the output's grid, so that the stretch shows exactly the frames that
    the whole would show there. Facts of a stretch are left as they are.

    Raises:
        MediaUnsupported: ``media.trim_outside``, the source has nothing there.
    """
    if profile.trim is None or facts.skipped_s is not None:
        return facts
    zero_s, start_s, end_s = _borders(facts, profile, profile.trim)
    video = _cut(facts.video, start_s, end_s) if facts.video else None
    audios = [_cut(audio, start_s, end_s) for audio in facts.audios]
    if end_s - start_s < _LEAST_S or not (video or any(audios)):
        raise MediaUnsupported(
            f"The source is {float(facts.duration_s):.3f} s long: it has nothing in the stretch "
            "that was asked for.",
            code="media.trim_outside",
            remedy="Ask for a stretch that lies inside the source.",
        )
    is_whole_end = end_s == facts.start_s + facts.duration_s
    changes = {
        "missing_s": facts.missing_s if is_whole_end else Fraction(0),
        "skipped_s": start_s - zero_s,
        "start_s": start_s,
        "duration_s": end_s - start_s,
        "video": video,
        "audios": tuple(audio for audio in audios if audio),
        "chapters": tuple(_chapters(facts.chapters, start_s - zero_s, end_s - start_s)),
    }
    return facts.model_copy(update=changes)


def _borders(
    facts: MediaFacts, profile: Profile, trim: Trim
) -> tuple[Fraction, Fraction, Fraction]:
    """Choose zero of the whole, start and end of the stretch, all in source time."""
    whole_end_s = facts.start_s + facts.duration_s
    if facts.video is None or not profile.ladder:
        zero_s, start_s, length_s = facts.start_s, trim.start_s, trim.end_s
    else:
        grid = chunks.grid(facts, profile)
        zero_s, rate = grid.source_start_s, grid.frame_rate
        start_s = round(trim.start_s * rate) / rate
        length_s = None if trim.end_s is None else round(trim.end_s * rate) / rate
    end_s = whole_end_s if length_s is None else min(zero_s + length_s, whole_end_s)
    return zero_s, zero_s + start_s, end_s


def _cut(track: Track, start_s: Fraction, end_s: Fraction) -> Track | None:
    """Shorten a track to a stretch; None where it has no part in it."""
    first_s = max(track.start_s, start_s)
    length_s = min(track.start_s + track.duration_s, end_s) - first_s
    if length_s <= 0:
        return None
    changes: dict[str, object] = {"start_s": first_s, "duration_s": length_s}
    if isinstance(track, VideoFacts):
        # Keyframes before the stretch stay: seeking goes to one of them.
        keyframes_s = tuple(at_s for at_s in track.keyframes_s if at_s < end_s)
        changes |= {"n_frames": None, "keyframes_s": keyframes_s, "whole_start_s": track.start_s}
    return track.model_copy(update=changes)


def _chapters(
    chapters: Iterable[Chapter], skipped_s: Fraction, length_s: Fraction
) -> Iterable[Chapter]:
    for chapter in chapters:
        start_s = max(chapter.start_s - skipped_s, Fraction(0))
        end_s = min(chapter.end_s - skipped_s, length_s)
        if start_s < end_s:
            yield chapter.model_copy(update={"start_s": start_s, "end_s": end_s})
