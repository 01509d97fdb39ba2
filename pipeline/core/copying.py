"""Whether a source already is what one of its rungs would become.

Copying loses nothing and costs next to nothing, but players must not notice: every segment has
to begin with a keyframe at the same frame as in all other rungs, and nothing may be left to do.
"""

from fractions import Fraction

from schemas.media import MediaFacts, VideoFacts
from schemas.plan import Grid, RungPlan
from schemas.profile import Profile
from schemas.vocabulary import VideoCodec

#: A keyframe this near to its grid point, in frames, stands on it.
_NEAR_FRAMES = Fraction(1, 4)
_RANGES = (None, "tv")
#: ffprobe's names of H.264 profiles.
_MAIN_AND_BELOW = ("Main", "Constrained Baseline", "Baseline")
#: Containers whose clock has a tick for every frame; Matroska's milliseconds would be off the grid.
_EXACT_CLOCKS = ("mov",)


def copied_rung(
    facts: MediaFacts, grid: Grid, rungs: tuple[RungPlan, ...], profile: Profile
) -> RungPlan | None:
    """Name the rung that the source can be copied into, if the profile asks for it."""
    video = facts.video
    if not profile.copy_source or video is None or not _is_plain(video, profile):
        return None
    if any(warning.code == "media.damage" for warning in facts.warnings):
        return None
    if facts.container not in _EXACT_CLOCKS or not _keeps_to(video, grid):
        return None
    return next((rung for rung in rungs if _equals(video, rung, _bitrate_bps(facts))), None)


def _is_plain(video: VideoFacts, profile: Profile) -> bool:
    """Check that pictures need no work: none is turned, cut, cleaned, marked or converted."""
    is_turned = video.rotation_deg or video.is_mirrored or video.crop is not None
    has_fields = video.is_interlaced or video.telecine is not None
    is_usual = video.pixel_format == "yuv420p" and video.color_range in _RANGES
    is_whole = profile.trim is None and profile.watermark is None
    return is_usual and is_whole and not (is_turned or has_fields or video.has_alpha)


def _bitrate_bps(facts: MediaFacts) -> Fraction:
    """Tell the picture's rate; where nobody says it, all of the file bounds it."""
    if facts.video is not None and facts.video.bitrate_bps is not None:
        return Fraction(facts.video.bitrate_bps)
    return 8 * facts.size_bytes / facts.duration_s


def _equals(video: VideoFacts, rung: RungPlan, bitrate_bps: Fraction) -> bool:
    return (
        video.codec == rung.codec.value
        and _is_simple_enough(video, rung)
        and (video.width_px, video.height_px) == (rung.width_px, rung.height_px)
        and video.sample_aspect_ratio == 1
        and bitrate_bps <= rung.bitrate_bps
    )


def _is_simple_enough(video: VideoFacts, rung: RungPlan) -> bool:
    """Check that old phones, where they are meant, know all tools the source was made with."""
    is_for_all = rung.codec is VideoCodec.H264 and rung.h264_profile == "main"
    return not is_for_all or video.profile in _MAIN_AND_BELOW


def _keeps_to(video: VideoFacts, grid: Grid) -> bool:
    """Check that its frames are the grid's, and that a keyframe begins every segment."""
    if video.is_variable_rate or video.frame_rate != grid.frame_rate:
        return False
    if video.n_frames != grid.n_frames:
        return False
    places = [(Fraction(at) - grid.source_start_s) * grid.frame_rate for at in video.keyframes_s]
    on_grid = {round(place) for place in places if abs(place - round(place)) <= _NEAR_FRAMES}
    # Of long films only a sample of the keyframes is known: then this does not hold, and they
    # are encoded.
    return all(first in on_grid for first in range(0, grid.n_frames, grid.segment_frames))
