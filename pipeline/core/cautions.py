"""Warnings about a source that works but is not plain: its owner may want to know."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.core.colors import is_hdr
from schemas.media import MediaFacts, MediaWarning, VideoFacts

#: Picture and sound that begin this far apart are worth a word.
_APART_S = 0.5


@dataclass(frozen=True)
class Signs:
    """What probing saw beside the facts."""

    #: Names of the sound tracks that are not carried.
    other_audios: tuple[str, ...]
    n_error_lines: int
    n_damaged_packets: int
    is_whole: bool
    #: Why tasks work on a copy; empty where they work on the source.
    remuxed_because: tuple[str, ...] = ()


def cautions(facts: MediaFacts, signs: Signs) -> tuple[MediaWarning, ...]:
    """List the warnings, most telling first."""
    return (*_damage(facts, signs), *_picture(facts), *_sound(facts, signs), *_copy(facts, signs))


def _copy(facts: MediaFacts, signs: Signs) -> Iterator[MediaWarning]:
    if facts.remuxed_from is not None:
        yield MediaWarning(
            code="media.remuxed",
            detail=f"{', '.join(signs.remuxed_because)}: a copy of the same pictures and sound, "
            f"in {facts.container}, is worked on",
        )


def _damage(facts: MediaFacts, signs: Signs) -> Iterator[MediaWarning]:
    if facts.missing_s:
        yield MediaWarning(
            code="media.cut_short",
            detail=f"the last {float(facts.missing_s):.1f} s that the file announces are missing",
        )
    if signs.n_damaged_packets or signs.n_error_lines:
        yield MediaWarning(
            code="media.damage",
            detail=f"{signs.n_damaged_packets} damaged packets, {signs.n_error_lines} errors read",
        )
    if not signs.is_whole:
        yield MediaWarning(
            code="media.sampled", detail="the file is too large to be read whole for its facts"
        )


def _picture(facts: MediaFacts) -> Iterator[MediaWarning]:
    video = facts.video
    if video is None:
        yield MediaWarning(code="media.no_video", detail="there is no picture")
        return
    if video.is_variable_rate:
        yield MediaWarning(
            code="media.variable_rate",
            detail=f"frames come at a varying pace, made even at {float(video.frame_rate):.3f}/s",
        )
    if is_hdr(video):
        yield MediaWarning(code="media.hdr", detail=f"high dynamic range ({video.color_transfer})")
    if video.dolby_vision_profile is not None:
        yield MediaWarning(
            code="media.dolby_vision",
            detail=f"Dolby Vision profile {video.dolby_vision_profile} is shown as its base layer",
        )
    # Every GIF is decoded as if it had transparent parts; few have.
    if video.has_alpha and video.pixel_format != "unknown" and video.codec != "gif":
        yield MediaWarning(code="media.alpha", detail="transparent parts are put on black")
    if _is_interlaced(video, facts.enrichment):
        yield MediaWarning(code="media.interlaced", detail="the picture is interlaced")
    if not facts.is_seekable:
        yield MediaWarning(
            code="media.not_seekable", detail=f"{facts.container} cannot be entered exactly"
        )


def _is_interlaced(video: VideoFacts, enrichment: dict[str, str]) -> bool:
    return video.is_interlaced or enrichment.get("scan_type", "Progressive") != "Progressive"


def _sound(facts: MediaFacts, signs: Signs) -> Iterator[MediaWarning]:
    if facts.audio is None:
        yield MediaWarning(code="media.no_audio", detail="there is no sound")
        return
    if signs.other_audios:
        named = ", ".join(signs.other_audios)
        yield MediaWarning(code="media.more_audio", detail=f"sound tracks not carried: {named}")
    if facts.video is not None and abs(facts.video.start_s - facts.audio.start_s) > _APART_S:
        yield MediaWarning(
            code="media.late_track",
            detail=f"picture starts at {float(facts.video.start_s):.2f} s, "
            f"sound at {float(facts.audio.start_s):.2f} s",
        )
