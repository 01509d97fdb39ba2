"""Finds out what a source is: first bytes, ffprobe, every packet, MediaInfo, trial decodes.

Whatever is wrong with the file ends as a MediaError, which is never retried.
"""

from pathlib import Path
from typing import Any

from pipeline.core.cautions import Signs, cautions
from pipeline.core.damage import shortfall_s
from pipeline.core.errors import MediaDamaged, WorkFailed
from pipeline.core.extras import left_out, with_extras
from pipeline.core.facts import Findings, facts, track_name
from pipeline.core.locks import check_description
from pipeline.core.packets import PacketScan
from pipeline.core.streams import Bounds, Chosen, check_duration, check_pace, choose
from schemas.media import MediaFacts, MediaWarning
from schemas.tasks import ProbeParams, ProbeResult
from workers.bench import Bench
from workers.ffmpeg.mediainfo import enrich
from workers.ffmpeg.probe import Prober
from workers.steps.opening import opened
from workers.steps.pictures import sampled, with_film

#: Larger files are read for their first minutes only.
_READ_WHOLE_BYTES = 16 * 2**30
_SAMPLE_S = 600.0
#: Containers whose index leads to the exact frame; a seek proves it before it is believed.
_EXACT_CONTAINERS = ("mov", "matroska")


def run(params: ProbeParams, bench: Bench) -> ProbeResult:
    """State the facts of a source.

    Raises:
        MediaError: the file is at fault.
    """
    source = bench.source(params.source)
    prober = opened(bench, source)
    bench.report({"": 0.1})
    described = prober.describe()
    check_description(described)
    chosen = choose(described, _bounds(bench))
    enrichment, lost = _enrich(bench, source)
    found, said, n_error_lines = _walk(prober, bench, described, chosen, enrichment)
    stated = with_film(prober, with_extras(facts(found), found))
    stated = stated.model_copy(update={"missing_s": shortfall_s(found, said)})
    check_duration(stated.duration_s, bench.tools.max_source_duration_s)
    if stated.video is not None:
        check_pace(stated.video, bench.tools.max_source_pixels)
    bench.report({"": 0.8})
    stated, n_failed_lines, mute = _try_decoders(prober, stated)
    stated = stated.model_copy(update={"is_seekable": _is_seekable(prober, stated)})
    signs = Signs(
        other_audios=tuple(track_name(stream) for stream in chosen.other_audios),
        # What is said of the end of a file that was cut is the cut: a warning of its own.
        n_error_lines=n_failed_lines + (0 if stated.missing_s else n_error_lines),
        n_damaged_packets=max(0, found.scan.n_damaged - bool(stated.missing_s)),
        is_whole=found.is_whole,
    )
    warnings = (*cautions(stated, signs), *left_out(found), *mute, *lost)
    return ProbeResult(facts=stated.model_copy(update={"warnings": warnings}))


def _bounds(bench: Bench) -> Bounds:
    return Bounds(
        n_pixels=bench.tools.max_source_pixels,
        duration_s=bench.tools.max_source_duration_s,
        n_streams=bench.tools.max_source_streams,
    )


def _enrich(bench: Bench, source: Path) -> tuple[dict[str, str], list[MediaWarning]]:
    try:
        return enrich(source, cwd=bench.scratch, stop=bench.stop), []
    except WorkFailed as error:
        return {}, [MediaWarning(code="media.not_enriched", detail=error.detail)]


def _walk(
    prober: Prober,
    bench: Bench,
    described: dict[str, Any],
    chosen: Chosen,
    enrichment: dict[str, str],
) -> tuple[Findings, str, int]:
    size_bytes = prober.source.stat().st_size
    is_whole = size_bytes <= _READ_WHOLE_BYTES
    scan = PacketScan()
    finished = prober.walk(
        scan,
        first_s=None if is_whole else _SAMPLE_S,
        on_packets=lambda: bench.report({"": 0.5}),
    )
    found = Findings(
        described=described,
        chosen=chosen,
        scan=scan,
        is_whole=is_whole,
        container=prober.demuxer or _container(described),
        size_bytes=size_bytes,
        is_seekable=False,
        frames=sampled(prober, described, chosen.video),
        enrichment=enrichment,
        is_tone_mappable=bench.tools.can_tone_map,
    )
    return found, finished.stderr_tail, finished.n_error_lines


def _container(described: dict[str, Any]) -> str:
    """Name the demuxer that ffprobe chose; it lists its aliases too."""
    return str(described["format"]["format_name"]).partition(",")[0]


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


def _is_seekable(prober: Prober, stated: MediaFacts) -> bool:
    """Prove that a seek just behind a keyframe lands on that very keyframe."""
    video = stated.video
    if stated.container not in _EXACT_CONTAINERS:
        return False
    if video is None or len(video.keyframes_s) == 1:
        return True
    keyframe_s = video.keyframes_s[len(video.keyframes_s) // 2] if video.keyframes_s else None
    if keyframe_s is None:
        return False
    landed_s = prober.seek(video.index, keyframe_s + 0.002)
    return landed_s is not None and abs(landed_s - keyframe_s) < 0.002  # noqa: PLR2004  one tick
