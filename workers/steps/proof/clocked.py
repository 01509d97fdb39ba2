"""Look at what segments of a broadcast say, beside the times of what was sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.argv.proof import Window, packet_times_argv
from pipeline.core.proof import broadcast, container
from pipeline.core.proof.broadcast import Beat
from pipeline.core.proof.track import Track
from schemas.certificate import Point
from schemas.tasks import ProveParams
from workers.steps.proof.programs import Programs


@dataclass(frozen=True)
class Sent:
    """What was sent, and what reads it."""

    params: ProveParams
    source: Path
    programs: Programs


def said(tracks: Sequence[Track], sent: Sent) -> Iterator[Point]:
    """Yield what can be told without decoding anything."""
    beat = _beat(sent)
    for track in tracks:
        if track.is_picture and beat is not None:
            yield broadcast.frames(track, beat)
            yield broadcast.picture_times(track, beat)
        else:
            yield container.sound_times(track)
        yield broadcast.inits(track)
    rungs = [track for track in tracks if track.is_picture]
    if rungs:
        yield broadcast.keyframes(rungs)


def _beat(sent: Sent) -> Beat | None:
    video, grid = sent.params.facts.video, sent.params.plan.grid
    if video is None or grid is None:
        return None
    window = Window(sent.params.stretch.start_s, sent.params.stretch.end_s)
    argv = packet_times_argv(str(sent.source), index=video.index, window=window)
    lines = sent.programs.ffprobe(argv, sent.source).decode().split()
    return Beat(sorted(float(line.strip(",")) for line in lines if line[:1].isdigit()), grid)
