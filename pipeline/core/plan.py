"""Facts and wishes in, a plan out: what exactly will be made of a source."""

from collections.abc import Iterator, Sequence

from pipeline.core import chunks, colors, estimate, ladder, sounds, subtitles, trim, watermarks
from pipeline.core.copying import copied_rung
from pipeline.core.errors import MediaDamaged, MediaUnsupported, NotMedia
from pipeline.core.scan import picture_rate
from pipeline.core.worth import worth_making
from schemas.media import MediaFacts, MediaWarning, VideoFacts
from schemas.plan import ChunkPlan, Grid, MediaPlan, RungMeasure, RungPlan
from schemas.profile import Profile
from schemas.vocabulary import Deinterlace, LadderMode, OnDamage, Telecine, VideoRange

_SDR_BITS, _HDR_BITS = 8, 10


def plan(facts: MediaFacts, profile: Profile, measures: Sequence[RungMeasure] = ()) -> MediaPlan:
    """Plan a job; measures let a ladder in auto mode leave out what is not worth making.

    A source without sound gets no audio plan, one without a picture no grid, rungs and chunks.

    A profile with a trim plans for the stretch alone; its tasks need the facts of that stretch
    (``trim.used``).

    Raises:
        NotMedia: neither picture nor sound.
        MediaDamaged: its end is missing and the profile refuses that.
        MediaUnsupported: a picture without rate, length or size, or without sound where the
            profile makes sound alone.
    """
    facts = trim.used(facts, profile)
    _check(facts, profile)
    grid, rungs, chunk_plans = _picture(facts, profile)
    if profile.ladder_mode is LadderMode.AUTO:
        rungs = worth_making(rungs, measures)
    copied = copied_rung(facts, grid, rungs, profile) if grid is not None else None
    audios = sounds.plan(facts.audios, profile.audio)
    cost = estimate.estimate(estimate.Work(facts, grid, rungs, chunk_plans, audios, profile.preset))
    return MediaPlan(
        grid=grid,
        rungs=rungs,
        chunks=chunk_plans,
        copied_rung=copied.name if copied else None,
        audios=audios,
        subtitles=subtitles.plan(facts),
        segment_s=profile.segment_s,
        preset=profile.preset,
        deinterlace=profile.deinterlace,
        watermark=watermarks.plan(profile.watermark) if rungs else None,
        is_encrypted=profile.encryption is not None,
        has_download=profile.has_download,
        duration_s=facts.duration_s,
        thumbnail_count=profile.thumbnail_count if facts.video else 0,
        storyboard_interval_s=profile.storyboard_interval_s,
        estimated_bytes=cost.output_bytes,
        estimated_cpu_s=cost.cpu_s,
        scratch_bytes=cost.scratch_bytes,
        on_damage=profile.on_damage,
        warnings=facts.warnings
        + _warnings(facts, grid, rungs)
        + _unmeasured(profile, rungs, measures),
    )


def _check(facts: MediaFacts, profile: Profile) -> None:
    """Refuse what nothing can, or may, be made of."""
    if facts.video is None and facts.audio is None:
        raise NotMedia("The file holds neither picture nor sound.", code="media.no_streams")
    if facts.audio is None and not profile.ladder:
        raise MediaUnsupported(
            "There is no sound, and the profile makes nothing else.", code="media.no_sound"
        )
    if facts.missing_s and profile.on_damage is OnDamage.REFUSE:
        raise MediaDamaged(
            f"The last {float(facts.missing_s):.1f} s of the file are missing.",
            code="media.truncated",
        )


def can_analyze(planned: MediaPlan, facts: MediaFacts, profile: Profile) -> bool:
    """Tell whether samples may choose among the rungs of a plan.

    VMAF knows no HDR, and samples of what cannot be sought cost as much as all of it.
    """
    return (
        profile.ladder_mode is LadderMode.AUTO
        and len(planned.rungs) > 1
        and facts.is_seekable
        and all(rung.video_range is VideoRange.SDR for rung in planned.rungs)
    )


def _picture(
    facts: MediaFacts, profile: Profile
) -> tuple[Grid | None, tuple[RungPlan, ...], tuple[ChunkPlan, ...]]:
    if facts.video is None or not profile.ladder:
        return None, (), ()
    grid = chunks.grid(facts, profile)
    rungs = ladder.fit(
        profile.ladder, facts.video, profile.video_codec, profile.crf, profile.h264_profile
    )
    return grid, _ranged(rungs, facts.video, profile), chunks.cut(grid, facts, profile)


def _ranged(
    rungs: tuple[RungPlan, ...], video: VideoFacts, profile: Profile
) -> tuple[RungPlan, ...]:
    """Give the rungs the dynamic range they are made in, and the depth it needs."""
    kept = colors.kept_range(video, profile.video_codec, profile.dynamic_range)
    if kept is VideoRange.SDR:
        return rungs
    depth = _HDR_BITS if colors.can_be_deep(profile.video_codec) else _SDR_BITS
    change = {"video_range": kept, "bit_depth": depth}
    return tuple(rung.model_copy(update=change) for rung in rungs)


def _unmeasured(
    profile: Profile, rungs: Sequence[RungPlan], measures: Sequence[RungMeasure]
) -> tuple[MediaWarning, ...]:
    if profile.ladder_mode is LadderMode.FIXED or measures or len(rungs) <= 1:
        return ()
    detail = "The ladder is the fixed one: no samples were measured."
    return (MediaWarning(code="plan.not_measured", detail=detail),)


def _warnings(
    facts: MediaFacts, grid: Grid | None, rungs: tuple[RungPlan, ...]
) -> tuple[MediaWarning, ...]:
    video = facts.video
    if video is None or grid is None:
        return ()
    found = [*_range_warnings(video, rungs[0]), *_scan_warnings(video)]
    if grid.frame_rate < picture_rate(video, Deinterlace.FRAME) * 99 / 100:
        rates = f"from {float(video.frame_rate):g} to {float(grid.frame_rate):g}"
        found.append(("plan.rate_lowered", f"The frame rate is lowered {rates} per second."))
    if not facts.is_seekable:
        found.append(
            (
                "plan.single_chunk",
                "The source cannot be sought exactly: one task encodes all of it.",
            )
        )
    return tuple(MediaWarning(code=code, detail=detail) for code, detail in found)


def _range_warnings(video: VideoFacts, rung: RungPlan) -> Iterator[tuple[str, str]]:
    if not colors.is_hdr(video):
        return
    if rung.video_range is VideoRange.SDR:
        yield "plan.tone_mapped", "The picture is HDR and is brought down to BT.709."
    elif rung.bit_depth == _SDR_BITS:
        how = f"passed on as {rung.video_range} in 8 bits"
        yield (
            "plan.not_tone_mapped",
            f"The picture is HDR, cannot be brought down here, and is {how}.",
        )


def _scan_warnings(video: VideoFacts) -> Iterator[tuple[str, str]]:
    if video.telecine is Telecine.HARD:
        yield "plan.untelecined", "The picture is film in 3:2 pulldown and is made film again."
    elif video.is_interlaced:
        yield "plan.deinterlaced", "The picture is interlaced and is deinterlaced."
