"""Listen to the sound of a stretch: decode each rendition and its track once, and compare."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from pipeline.core.argv import hearing
from pipeline.core.argv.hearing import SourceSound
from pipeline.core.argv.proof import Window
from pipeline.core.chunks import zero_s
from pipeline.core.errors import MediaError, WorkFailed
from pipeline.core.measures import MEDIA_ZERO_S
from pipeline.core.proof import sound
from pipeline.core.proof.container import end_s, start_s
from pipeline.core.proof.decoding import decoding
from pipeline.core.proof.likeness import loudness, read_loudness
from pipeline.core.proof.sync import sync
from pipeline.core.proof.track import Track
from schemas.certificate import Point
from schemas.media import AudioFacts
from schemas.plan import AudioPlan
from schemas.tasks import ProveParams
from workers.bench import Bench
from workers.steps.proof.faults import faulty_parts
from workers.steps.proof.gather import join
from workers.steps.proof.programs import Programs


@dataclass(frozen=True)
class Hearing:
    """What sound is compared with, and by what."""

    params: ProveParams
    bench: Bench
    programs: Programs

    @property
    def zero_s(self) -> float:
        """The asset's zero by the source's clock."""
        return float(zero_s(self.params.facts, self.params.plan.grid))

    @property
    def seams_s(self) -> tuple[float, ...]:
        """Borders of the picture's chunks."""
        plan = self.params.plan
        if plan.grid is None:
            return ()
        return tuple(float(chunk.first_frame / plan.grid.frame_rate) for chunk in plan.chunks[1:])


def listen(
    hearing_: Hearing, track: Track, audio: AudioPlan, facts: AudioFacts, source: Path
) -> Iterator[Point]:
    """Yield what one rendition of the sound is found to be."""
    parts = list(track.read())
    has_trouble = _decode(hearing_, track)
    faults = faulty_parts(track, hearing_.programs, hearing_.bench) if has_trouble else {}
    yield decoding(track, faults)
    if not parts:
        return
    span = float(start_s(track, parts[0])), float(end_s(track, parts[-1]))
    _decode_source(hearing_, audio, facts, span, source)
    heard = _compare(hearing_, track, audio, span)
    yield sound.sound(track, heard)
    yield sync(
        track, heard, _within(hearing_.seams_s, span), hearing_.params.stretch, _end_s(hearing_)
    )
    yield _loudness(hearing_, audio)


def _end_s(hearing_: Hearing) -> Fraction:
    facts, plan = hearing_.params.facts, hearing_.params.plan
    return facts.start_s + facts.duration_s - zero_s(facts, plan.grid)


def _within(seams_s: Sequence[float], span: tuple[float, float]) -> tuple[float, ...]:
    return tuple(seam_s for seam_s in seams_s if span[0] < seam_s < span[1])


def _decode(hearing_: Hearing, track: Track) -> bool:
    """Decode a rendition; tell whether anything was said of it."""
    joined = join(track, hearing_.bench)
    try:
        return bool(hearing_.programs.ffmpeg(hearing.sound_argv(track.name)).stderr_tail.strip())
    except (MediaError, WorkFailed):
        return True
    finally:
        joined.unlink()


def _decode_source(
    hearing_: Hearing,
    audio: AudioPlan,
    facts: AudioFacts,
    span: tuple[float, float],
    source: Path,
) -> None:
    wanted = SourceSound(
        facts=hearing_.params.facts,
        track=facts,
        audio=audio,
        window=Window(hearing_.zero_s + span[0], hearing_.zero_s + span[1]),
    )
    argv = hearing.source_sound_argv(wanted, source=str(source), tail_s=sound.REACH_S)
    hearing_.programs.ffmpeg(argv, source)


def _compare(
    hearing_: Hearing, track: Track, audio: AudioPlan, span: tuple[float, float]
) -> tuple[sound.Heard, ...]:
    from_s, to_s = span
    made = _line(hearing_, audio.name, MEDIA_ZERO_S, from_s, to_s)
    meant = _line(
        hearing_,
        f"source-{audio.name}",
        hearing_.zero_s,
        from_s - sound.REACH_S,
        to_s + sound.REACH_S,
    )
    at_s = sound.windows_s(from_s, to_s, _within(hearing_.seams_s, span))
    return sound.hear(made, meant, at_s, start_s=from_s, frame_s=sound.frame_s(track))


def _line(hearing_: Hearing, name: str, zero: float, from_s: float, to_s: float) -> sound.Samples:
    folder = hearing_.bench.scratch
    raw, places = folder / f"{name}.sound", folder / f"{name}.places"
    if not raw.exists() or not places.exists():
        return sound.placed(b"", "", zero_s=zero, start_s=from_s, end_s=to_s)
    return sound.placed(
        raw.read_bytes(), places.read_text(), zero_s=zero, start_s=from_s, end_s=to_s
    )


def _loudness(hearing_: Hearing, audio: AudioPlan) -> Point:
    made, meant = (
        read_loudness(path.read_text()) if path.exists() else None
        for path in (
            hearing_.bench.scratch / f"{audio.name}.loudness",
            hearing_.bench.scratch / f"source-{audio.name}.loudness",
        )
    )
    return loudness(audio.name, made, meant, audio.loudness, hearing_.params.stretch)
