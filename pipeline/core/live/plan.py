"""What is made of a broadcast: its rungs once, and what each part makes of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from pipeline.core import ladder
from pipeline.core.errors import MediaUnsupported
from pipeline.core.live.shape import MOST_PIXELS, Shape, VideoShape
from pipeline.core.live_errors import NothingUsable
from schemas.media import VideoFacts
from schemas.plan import AudioPlan, Grid, MediaPlan, RungPlan
from schemas.profile import Profile
from schemas.vocabulary import AudioCodec, Preset, VideoCodec

AUDIO_NAME = "audio"
#: Aimed length of a segment, unless the profile wishes shorter ones.
SEGMENT_S = 2
#: A rung this near to the source is the source.
_SAME = 0.95
#: What encodes in real time at all.
_PRESETS = (Preset.ULTRAFAST, Preset.SUPERFAST, Preset.VERYFAST)
_STEREO = 2


def segment_s(profile: Profile) -> int:
    """Say how long segments of a broadcast are: shorter than a file's, which nobody waits for."""
    return min(profile.segment_s, SEGMENT_S)


def plan(shape: Shape, profile: Profile) -> MediaPlan:
    """Plan a broadcast by its first part; its renditions stay what they are to its end.

    Raises:
        NothingUsable: it has nothing that the profile makes anything of.
        MediaUnsupported: its pictures are too large.
    """
    video = shape.video if profile.ladder else None
    if video is not None:
        check_size(video)
    rungs, copied = _rungs(video, profile) if video else ((), None)
    audios = _audios(shape, profile)
    if not rungs and not audios:
        raise NothingUsable("Neither picture nor sound came that could be made anything of.")
    length_s = segment_s(profile)
    return MediaPlan(
        grid=_grid(video, profile, length_s) if video else None,
        rungs=rungs,
        chunks=(),
        copied_rung=copied,
        audios=audios,
        segment_s=length_s,
        preset=profile.preset if profile.preset in _PRESETS else Preset.VERYFAST,
        is_encrypted=profile.encryption is not None,
        # It grows; the last attempt says how long it became.
        duration_s=Fraction(0),
        thumbnail_count=profile.thumbnail_count,
        storyboard_interval_s=profile.storyboard_interval_s,
        estimated_bytes=0,
        estimated_cpu_s=0.0,
        scratch_bytes=0,
    )


def check_size(video: VideoShape) -> None:
    """Refuse pictures that nobody takes.

    Raises:
        MediaUnsupported: they are too large.
    """
    if video.is_too_large:
        raise MediaUnsupported(
            f"a picture of {video.width_px}x{video.height_px};"
            f" at most {MOST_PIXELS} pixels are accepted",
            code="media.too_many_pixels",
        )


def _rungs(video: VideoShape, profile: Profile) -> tuple[tuple[RungPlan, ...], str | None]:
    """Fit the ladder; the source itself is the top rung where it can be passed on."""
    facts = facts_of(video)
    fitted = ladder.fit(profile.ladder, facts, VideoCodec.H264, profile.crf, profile.h264_profile)
    # A mark would have to be laid over every rung.
    if not video.is_fit or video.frame_rate > profile.max_frame_rate or profile.watermark:
        return fitted, None
    short = min(video.width_px, video.height_px)
    same = [rung for rung in fitted if min(rung.width_px, rung.height_px) >= _SAME * short]
    lower = tuple(rung for rung in fitted if rung not in same)
    name = same[0].name if same else f"{short}p"
    source = RungPlan(
        name=name,
        codec=VideoCodec.H264,
        width_px=video.width_px,
        height_px=video.height_px,
        bitrate_bps=video.bitrate_bps,
        crf=profile.crf,
        h264_profile=profile.h264_profile,
    )
    return (source, *lower), name


def _audios(shape: Shape, profile: Profile) -> tuple[AudioPlan, ...]:
    audio = shape.audio
    if audio is None:
        return ()
    wish = profile.audio
    return (
        AudioPlan(
            name=AUDIO_NAME,
            source_index=0,
            codec=AudioCodec.AAC,
            channels=audio.n_channels if audio.is_fit else min(wish.channels, _STEREO),
            sample_rate_hz=audio.sample_rate_hz if audio.is_fit else wish.sample_rate_hz,
            bitrate_bps=wish.bitrate_bps,
        ),
    )


def _grid(video: VideoShape, profile: Profile, length_s: int) -> Grid:
    rate = video.frame_rate
    while rate > profile.max_frame_rate:
        rate /= 2
    return Grid(
        frame_rate=rate,
        n_frames=0,
        segment_frames=ceil(rate * length_s),
        source_start_s=Fraction(0),
    )


def facts_of(video: VideoShape) -> VideoFacts:
    """Say what the filters must know of the picture."""
    return VideoFacts(
        index=0,
        codec=video.codec,
        width_px=video.width_px,
        height_px=video.height_px,
        display_width_px=video.width_px,
        display_height_px=video.height_px,
        pixel_format="yuv420p",
        frame_rate=video.frame_rate,
        start_s=Fraction(0),
        duration_s=Fraction(0),
    )


@dataclass(frozen=True)
class PartPlan:
    """What one part makes."""

    segment_s: int
    preset: str
    #: The rung the source is passed on as.
    copied: RungPlan | None
    #: Highest first.
    encoded: tuple[RungPlan, ...]
    #: Rungs left out to keep up, each with the one whose segments stand for its own.
    stand_ins: Mapping[str, str]
    audio: AudioPlan | None
    #: Sound is passed on as it came.
    is_audio_copied: bool
    #: What pictures are laid on; None: they keep the source's own times, as its copy does.
    frame_rate: Fraction | None

    @property
    def made(self) -> tuple[RungPlan, ...]:
        """Rungs that are made, highest first."""
        return (*([self.copied] if self.copied else ()), *self.encoded)


def part(
    whole: MediaPlan, shape: Shape, *, thinned: Collection[str] = (), must_encode: bool = False
) -> PartPlan:
    """Plan a part: all renditions of the whole, of what comes now.

    Args:
        whole: the plan of the broadcast.
        shape: what comes in this part.
        thinned: rungs the box cannot keep up with.
        must_encode: keyframes of the source turned out not to stand where segments begin.

    Raises:
        MediaUnsupported: its pictures are too large.
    """
    if shape.video is not None and whole.rungs:
        check_size(shape.video)
    rungs = whole.rungs
    is_fit = shape.video is not None and shape.video.is_fit
    is_passed = whole.copied_rung is not None and is_fit and not must_encode
    copied = rungs[0] if is_passed else None
    made = [rung for rung in rungs if rung is copied or rung.name not in thinned] or [*rungs[-1:]]
    audio = whole.audios[0] if whole.audios else None
    rate = whole.grid.frame_rate if whole.grid else None
    return PartPlan(
        segment_s=whole.segment_s,
        preset=whole.preset,
        copied=copied,
        encoded=tuple(rung for rung in made if rung is not copied),
        stand_ins=_stand_ins(rungs, made),
        audio=audio,
        is_audio_copied=shape.audio is None or shape.audio.is_fit,
        frame_rate=None if is_passed else rate,
    )


def _stand_ins(rungs: tuple[RungPlan, ...], made: list[RungPlan]) -> dict[str, str]:
    found = {}
    for place, rung in enumerate(rungs):
        if rung in made:
            continue
        lower = next((other for other in rungs[place:] if other in made), made[-1])
        found[rung.name] = lower.name
    return found


def thin(plan_: PartPlan) -> str | None:
    """Name the rung to leave out next: the highest that is encoded, unless none would be left."""
    if len(plan_.made) <= 1 or not plan_.encoded:
        return None
    return plan_.encoded[0].name
