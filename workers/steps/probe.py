"""Finds out what a source is: first bytes, ffprobe, every packet, MediaInfo, trial decodes.

Whatever is wrong with the file ends as a MediaError, which is never retried. A source that
tasks could not work on chunk by chunk is copied here, once, and the copy described.
"""

from dataclasses import replace
from pathlib import Path

from pipeline.core.animation import check_moves
from pipeline.core.cautions import Signs, cautions
from pipeline.core.damage import check_leaps, shortfall_s
from pipeline.core.errors import MediaDamaged, WorkFailed
from pipeline.core.extras import left_out, with_extras
from pipeline.core.facts import Findings, facts, track_name
from pipeline.core.pace import check_flood, check_pace
from pipeline.core.streams import check_duration
from pipeline.core.working import stamped_late_s
from schemas.media import MediaFacts, MediaWarning
from schemas.tasks import ProbeParams, ProbeResult
from workers.bench import Bench
from workers.ffmpeg.mediainfo import enrich
from workers.ffmpeg.probe import Prober
from workers.steps.draw import drawn
from workers.steps.look import Look, look
from workers.steps.mend import Mended, mended, seeks
from workers.steps.opening import opened
from workers.steps.pictures import sampled, with_film

#: Why an animation's pictures are drawn anew.
_DRAWN = "an animated WebP is read by few programs"


def run(params: ProbeParams, bench: Bench) -> ProbeResult:
    """State the facts of a source.

    Raises:
        MediaError: the file is at fault.
    """
    source = bench.source(params.source)
    opening = opened(bench, source)
    seen = look(drawn(opening, bench), bench)
    container = opening.demuxer or seen.found.container
    check_moves(container, _n_pictures(seen.found))
    if seen.found.chosen.video is not None:
        check_flood(seen.found.chosen.video, _n_pictures(seen.found))
    enrichment, lost = _enrich(bench, source)
    is_seekable = seeks(seen.prober, facts(seen.found))
    copy = mended(seen, bench, is_seekable=is_seekable)
    used = copy.look if copy else seen
    found = _completed(used, bench, enrichment)
    stated = with_film(used.prober, with_extras(facts(found), found)).model_copy(
        update={
            "missing_s": shortfall_s(seen.found, seen.said),
            "is_seekable": is_seekable or copy is not None,
            "remuxed_from": None if used.prober is opening else container,
        }
    )
    if copy is None:
        stated = _with_lateness(stated, found)
    check_leaps(seen.found, stated.duration_s, bench.tools.max_source_duration_s)
    check_duration(stated.duration_s, bench.tools.max_source_duration_s)
    if stated.video is not None:
        check_pace(stated.video, bench.tools.max_source_pixels)
    bench.report({"": 0.8})
    stated, n_failed_lines, mute = _try_decoders(used.prober, stated)
    signs = _signs(seen, stated, n_failed_lines, copy)
    warnings = (*cautions(stated, signs), *left_out(seen.found, stated), *mute, *lost)
    return ProbeResult(
        facts=stated.model_copy(update={"warnings": warnings}),
        working_source=(
            bench.put_source(used.prober.source, used.prober.source.name)
            if stated.remuxed_from
            else None
        ),
    )


def _with_lateness(stated: MediaFacts, found: Findings) -> MediaFacts:
    late_s = stamped_late_s(found)
    if stated.video is None or not late_s:
        return stated
    video = stated.video.model_copy(update={"stamped_late_s": late_s})
    return stated.model_copy(update={"video": video})


def _n_pictures(found: Findings) -> int:
    video = found.chosen.video
    track = found.scan.tracks.get(video["index"]) if video else None
    return len(track.stamps) if track else 0


def _enrich(bench: Bench, source: Path) -> tuple[dict[str, str], list[MediaWarning]]:
    try:
        return enrich(source, cwd=bench.scratch, stop=bench.stop), []
    except WorkFailed as error:
        return {}, [MediaWarning(code="media.not_enriched", detail=error.detail)]


def _completed(used: Look, bench: Bench, enrichment: dict[str, str]) -> Findings:
    """Add to what was found what only pictures, MediaInfo and this box can tell."""
    described, video = used.found.described, used.found.chosen.video
    return replace(
        used.found,
        frames=sampled(used.prober, described, video),
        enrichment=enrichment,
        is_tone_mappable=bench.tools.can_tone_map,
    )


def _signs(seen: Look, stated: MediaFacts, n_failed_lines: int, copy: Mended | None) -> Signs:
    found = seen.found
    return Signs(
        other_audios=tuple(track_name(stream) for stream in found.chosen.other_audios),
        # What is said of the end of a file that was cut is the cut: a warning of its own.
        n_error_lines=n_failed_lines + (0 if stated.missing_s else seen.n_error_lines),
        n_damaged_packets=max(0, found.scan.n_damaged - bool(stated.missing_s)),
        is_whole=found.is_whole,
        remuxed_because=copy.remedy.reasons if copy else (_DRAWN,),
    )


def _try_decoders(prober: Prober, stated: MediaFacts) -> tuple[MediaFacts, int, list[MediaWarning]]:
    """Find out whether anything decodes; a sound of which nothing does is left out.

    Returns the facts without such sounds, the errors read, and a warning per sound left out.
    """
    n_error_lines = 0
    if stated.video is not None:
        n_error_lines += prober.decode(stated.video.index).n_error_lines
    sounds, mute = [], []
    for sound in stated.audios:
        try:
            n_error_lines += prober.decode(sound.index).n_error_lines
            sounds.append(sound)
        except MediaDamaged as error:
            if stated.video is None and len(stated.audios) == 1:
                raise
            mute.append(MediaWarning(code="media.sound_undecodable", detail=error.detail))
    return stated.model_copy(update={"audios": tuple(sounds)}), n_error_lines, mute
