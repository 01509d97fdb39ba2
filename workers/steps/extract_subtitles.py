"""Turn subtitle tracks into WebVTT: a whole file and segments of each.

Subtitles that cannot be read never end a job: what is wrong with them is a warning.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

from pipeline.core import webvtt
from pipeline.core.argv.encode import OUTPUT_START_S
from pipeline.core.argv.subtitles import file_name, subtitles_argv
from pipeline.core.errors import MediaError, ScratchFull, Stopped, WorkFailed
from schemas.media import MediaWarning
from schemas.plan import SubtitlePlan
from schemas.tasks import (
    ExtractSubtitlesParams,
    ExtractSubtitlesResult,
    RenditionMade,
    SegmentMade,
)
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import run as run_ffmpeg

TEXT_TYPE = "text/vtt"
_WALL_FLOOR_S, _WALL_PER_MEDIA_SECOND = 600.0, 0.5
_MEMORY_BYTES = 2 * 2**30
#: A film's subtitles are a hundredth of it.
_OUTPUT_BYTES = 16 * 2**20


def run(params: ExtractSubtitlesParams, bench: Bench) -> ExtractSubtitlesResult:
    """Store every track that can be read, and name those that cannot.

    Raises:
        Stopped, ScratchFull, StorageUnavailable.
    """
    source = bench.source(params.source)
    _extract(params, bench, source)
    renditions: list[RenditionMade] = []
    segments: list[SegmentMade] = []
    lost: list[str] = []
    for track in params.subtitles:
        if bench.stop.is_set():
            raise Stopped("asked to stop while storing subtitles")
        cues = _cues(params, bench, track)
        if not cues:
            lost.append(f"{track.source_index} ({track.title})")
            continue
        made = _rendition(bench, track, cues)
        renditions.append(made)
        segments += _segments(params, bench, made, cues)
        bench.report({"": len(renditions) / len(params.subtitles)})
    return ExtractSubtitlesResult(
        renditions=tuple(renditions), segments=tuple(segments), warnings=tuple(_warnings(lost))
    )


def _extract(params: ExtractSubtitlesParams, bench: Bench, source: Path) -> None:
    """Read all tracks in one pass; one by one where a bad one spoils it for the others."""
    try:
        _ffmpeg(params, bench, source, params.subtitles)
    except ScratchFull:
        # The box's fault, not the subtitles'.
        raise
    except (MediaError, WorkFailed):
        for track in params.subtitles:
            _try_alone(params, bench, source, track)


def _try_alone(
    params: ExtractSubtitlesParams, bench: Bench, source: Path, track: SubtitlePlan
) -> None:
    try:
        _ffmpeg(params, bench, source, [track])
    except ScratchFull:
        raise
    except (MediaError, WorkFailed):
        # Half a track would be taken for a whole one.
        (bench.scratch / file_name(track)).unlink(missing_ok=True)


def _ffmpeg(
    params: ExtractSubtitlesParams, bench: Bench, source: Path, tracks: Sequence[SubtitlePlan]
) -> None:
    run_ffmpeg(
        subtitles_argv(params, source=str(source), tracks=tracks),
        program=bench.tools.ffmpeg,
        cage=Cage(bench.scratch, (source,)),
        limits=Limits(
            wall_s=_WALL_FLOOR_S + _WALL_PER_MEDIA_SECOND * float(params.duration_s),
            stall_s=bench.tools.stall_s,
            memory_bytes=_MEMORY_BYTES,
            output_bytes=_OUTPUT_BYTES,
        ),
        stop=bench.stop,
        on_progress=lambda _: bench.report({"": 0.0}),
    )


def _cues(
    params: ExtractSubtitlesParams, bench: Bench, track: SubtitlePlan
) -> tuple[webvtt.Cue, ...]:
    path = bench.scratch / file_name(track)
    if not path.is_file():
        return ()
    text = path.read_text(encoding="utf-8", errors="replace")
    zero_ms = round((OUTPUT_START_S + params.skipped_s) * 1000)
    return webvtt.read(text, zero_ms=zero_ms, duration_s=params.duration_s)


def _rendition(bench: Bench, track: SubtitlePlan, cues: Sequence[webvtt.Cue]) -> RenditionMade:
    data = webvtt.document(cues).encode()
    path = bench.scratch / file_name(track)
    path.write_bytes(data)
    return RenditionMade(
        name=track.name,
        codecs="wvtt",
        init_sha256=sha256(data).hexdigest(),
        init_key=bench.put(path, file_name(track), content_type=TEXT_TYPE),
        init_size_bytes=len(data),
    )


def _segments(
    params: ExtractSubtitlesParams,
    bench: Bench,
    made: RenditionMade,
    cues: Sequence[webvtt.Cue],
) -> Iterator[SegmentMade]:
    pieces = webvtt.segments(cues, segment_s=params.segment_s, duration_s=params.duration_s)
    for index, (length_s, text) in enumerate(pieces):
        data = text.encode()
        path = bench.scratch / "segment.vtt"
        path.write_bytes(data)
        yield SegmentMade(
            rendition=made.name,
            index=index,
            duration_s=Fraction(length_s),
            size_bytes=len(data),
            key=bench.put(path, f"{made.name}/{index:05d}.vtt", content_type=TEXT_TYPE),
            init_key=made.init_key,
        )


def _warnings(lost: Sequence[str]) -> Iterator[MediaWarning]:
    if lost:
        detail = f"subtitles without a readable text: {', '.join(lost)}"
        yield MediaWarning(code="media.subtitles_unreadable", detail=detail)
