"""Finds out what of a source did not decode, once its encode complained."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from pipeline.core.argv import survey as argv
from pipeline.core.argv.encode import Fill, seek_target_s
from pipeline.core.errors import MediaDamaged
from pipeline.core.losses import described
from pipeline.core.survey import MOST_HELD_FRAMES, PictureSurvey, Window, sound_damage
from schemas.media import Damage
from schemas.tasks import EncodeAudioParams, EncodeParams
from schemas.vocabulary import OnDamage
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import read_lines, run

_MEMORY_BYTES = 3 * 2**30
_WALL_FLOOR_S = 900.0
_WALL_PER_MEDIA_SECOND = 20.0
_PACKET_FIELDS = 3
_FRAME_FIELDS = 4
#: Far enough before a chunk for what an entrance there is complained of to be over at its start.
_EARLIER_S = 2.0
_EARLIER_FRAMES = 2 * MOST_HELD_FRAMES


def picture_damage(
    params: EncodeParams, bench: Bench, source: Path, fill: Fill, *, is_clean: bool
) -> Damage | None:
    """Count what of a chunk's pictures did not decode; None where all of it did.

    Args:
        params: the chunk's.
        bench: where to work.
        source: the local file.
        fill: how the chunk had to be completed.
        is_clean: whether ffmpeg complained of nothing while it encoded.

    Raises:
        MediaDamaged: there is damage and the profile refuses it.
    """
    if is_clean and fill is Fill.NONE:
        return None
    window = _window(params)
    if fill is Fill.BLACK:
        n_frames = params.chunk.end_frame - params.chunk.first_frame
        damage: Damage | None = _nothing_decodes(window, n_frames)
    else:
        damage = _counted(params, bench, source, window, is_held=fill is Fill.HOLD)
    _refuse(damage, params.on_damage)
    return damage


def _window(params: EncodeParams) -> Window:
    grid, chunk, video = params.grid, params.chunk, params.facts.video
    start_s = grid.source_start_s + chunk.first_frame / grid.frame_rate
    if chunk.first_frame == 0 and video is not None:
        # The zero is moved by up to half a frame against the first picture.
        start_s = min(start_s, video.start_s)
    end_s = grid.source_start_s + chunk.end_frame / grid.frame_rate
    return Window(start_s, end_s, grid.source_start_s, 1 / grid.frame_rate)


def _nothing_decodes(window: Window, n_frames: int) -> Damage:
    start_s, end_s = (float(at - window.zero_s) for at in (window.start_s, window.end_s))
    return Damage(
        medium="video",
        n_missing=n_frames,
        spans_s=((round(start_s, 3), round(end_s, 3)),),
        affected_s=round(end_s - start_s, 3),
    )


def _counted(
    params: EncodeParams, bench: Bench, source: Path, window: Window, *, is_held: bool
) -> Damage | None:
    """Count by a second decode.

    Entered between keyframes that refer to earlier pictures, decoders complain of healthy files
    too. So where nothing but complaints is found they count only if they are heard again by a
    decoder that came from further ahead.
    """
    is_interlaced = params.facts.video is not None and params.facts.video.is_interlaced
    damage = _surveyed(params, bench, source, window).damage(
        window, counts_missing=not is_interlaced, is_held=is_held
    )
    if damage is None or damage.is_shown or seek_target_s(params) is None:
        return damage
    earlier_s = max(_EARLIER_S, float(_EARLIER_FRAMES * window.frame_s))
    again = _surveyed(params, bench, source, window, earlier_s=earlier_s).damage(
        replace(window, is_from_start=False), counts_missing=False
    )
    n_complaints = again.n_complaints if again is not None else 0
    return damage.model_copy(update={"n_complaints": n_complaints}) if n_complaints else None


def _surveyed(
    params: EncodeParams, bench: Bench, source: Path, window: Window, *, earlier_s: float = 0
) -> PictureSurvey:
    survey = PictureSurvey()
    run(
        argv.picture_argv(
            params, source=str(source), until_s=float(window.end_s), earlier_s=earlier_s
        ),
        program=bench.tools.ffmpeg,
        cage=Cage(bench.scratch, (source,)),
        limits=_limits(bench, float(window.end_s - window.start_s)),
        stop=bench.stop,
        on_progress=lambda _: bench.report({rung.name: 1.0 for rung in params.rungs}),
        on_said=lambda line: survey.line(line.decode("utf-8", "replace")),
    )
    return survey


def _used(
    spans_s: Iterable[tuple[Fraction, Fraction]], params: EncodeAudioParams
) -> list[tuple[Fraction, Fraction]]:
    """Sort spans; what a trim leaves out is nobody's loss."""
    if params.facts.skipped_s is None:
        return sorted(spans_s)
    end_s = params.zero_s + params.facts.duration_s
    return sorted(span for span in spans_s if span[1] > params.zero_s and span[0] < end_s)


def sound_lost(
    params: EncodeAudioParams, bench: Bench, source: Path, *, is_clean: bool
) -> Damage | None:
    """Count what of the sound did not decode; None where all of it did.

    Raises:
        MediaDamaged: there is damage and the profile refuses it.
    """
    if is_clean:
        return None
    packets, frames, n_errors = _Packets(), _Frames(), 0
    limits = _limits(bench, float(params.facts.duration_s))
    for command, program, on_line in (
        (argv.sound_packets_argv(params, source=str(source)), bench.tools.ffprobe, packets.line),
        (argv.sound_frames_argv(params, source=str(source)), bench.tools.ffmpeg, frames.line),
    ):
        ended = read_lines(
            command,
            program=program,
            cage=Cage(bench.scratch, (source,)),
            limits=limits,
            stop=bench.stop,
            on_line=on_line,
        )
        n_errors = ended.n_error_lines
        bench.report({params.audio.name: 1.0})
    damage = sound_damage(
        _used(packets.spans_s, params),
        _used(frames.spans_s, params),
        zero_s=params.zero_s,
        # Errors bear no time: those of a trimmed source may be of what is left out.
        n_complaints=n_errors if params.facts.skipped_s is None else 0,
    )
    if damage is not None:
        damage = damage.model_copy(update={"rendition": params.audio.name})
    _refuse(damage, params.on_damage)
    return damage


class _Packets:
    """Reads ffprobe's lines: start, length, flags."""

    def __init__(self) -> None:
        self.spans_s: list[tuple[Fraction, Fraction]] = []

    def line(self, line: bytes) -> None:
        fields = line.decode("ascii", "replace").split(",")
        # What a player discards anyway is not missed.
        if len(fields) < _PACKET_FIELDS or "N/A" in fields[:2] or "D" in fields[2]:
            return
        start_s = Fraction(fields[0])
        self.spans_s.append((start_s, start_s + Fraction(fields[1])))


class _Frames:
    """Reads framecrc's lines: stream, decoding time, time, length, …, behind a header."""

    def __init__(self) -> None:
        self.spans_s: list[tuple[Fraction, Fraction]] = []
        self._time_base = Fraction(1, 48_000)

    def line(self, line: bytes) -> None:
        text = line.decode("ascii", "replace")
        if text.startswith("#tb 0: "):
            self._time_base = Fraction(text.removeprefix("#tb 0: "))
        fields = text.split(",")
        if not text.startswith("#") and len(fields) > _FRAME_FIELDS:
            start_s = int(fields[2]) * self._time_base
            self.spans_s.append((start_s, start_s + int(fields[3]) * self._time_base))


def _limits(bench: Bench, media_s: float) -> Limits:
    return Limits(
        wall_s=_WALL_FLOOR_S + _WALL_PER_MEDIA_SECOND * media_s,
        stall_s=bench.tools.stall_s,
        memory_bytes=_MEMORY_BYTES,
    )


def _refuse(damage: Damage | None, on_damage: OnDamage) -> None:
    if damage is not None and on_damage is OnDamage.REFUSE:
        raise MediaDamaged(described(damage), code="media.damaged")
