"""Reelmill against what one would pick instead, on the default ladder and two cores."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.figures import Figure, at_most, reported
from tests.bench.ground import Ground
from tests.bench.media import hand, shaka
from tests.bench.media.product import Made, running_mill
from tests.bench.media.runs import Run, median, timed
from tests.bench.media.sources import Source
from tests.bench.media.stage import Stage
from tests.support.product import ROOT

ROUNDS = {"easy": 3, "hard": 2}
BAR_HAND, BAR_SHAKA, BAR_OUTSIDE, BAR_PROOF = 1.05, 0.9, 0.02, 0.25


@dataclass
class _Took:
    """All runs on one source."""

    product: list[Made] = field(default_factory=list)
    hand: list[Run] = field(default_factory=list)
    shaka: list[Run] = field(default_factory=list)
    proof_cpu_s: float | None = None
    verdict: str = ""


def measure(ground: Ground) -> Iterator[Figure]:
    """Take turns on the easy source, then on the hard one."""
    stage = Stage(ground)
    with stage.on_two_cores():
        with_shaka = _has_shaka()
        for source, short in (
            (stage.sources.easy, stage.sources.short_easy),
            (stage.sources.hard, stage.sources.short_hard),
        ):
            turns = _Turns(
                stage, source, threads=_best_threads(stage, short), with_shaka=with_shaka
            )
            for number in range(1 if ground.is_quick else ROUNDS[source.name]):
                turns.take(is_first=number == 0)
            yield from _judged(source, turns.took, turns.threads)


def _has_shaka() -> bool:
    try:
        shaka.install()
    except RuntimeError as error:
        print(error)
        return False
    return True


def _best_threads(stage: Stage, source: Source) -> int:
    """Let the hand-written ffmpeg choose how many threads its encoders have."""
    walls = {}
    for threads in (1, 2):
        with stage.folder("try") as folder:
            walls[threads] = hand.write_ladder(source.path, folder, threads=threads).wall_s
    return min(walls, key=lambda threads: walls[threads])


@dataclass
class _Turns:
    """Runs everything on one source, again and again."""

    stage: Stage
    source: Source
    with_shaka: bool
    threads: int
    took: _Took = field(default_factory=_Took)

    def take(self, *, is_first: bool) -> None:
        """Run each once; what takes long and varies little only the first time."""
        stage, path, took = self.stage, self.source.path, self.took
        with stage.folder("hand") as folder:
            took.hand.append(hand.write_ladder(path, folder, threads=self.threads))
        with running_mill(stage.ground, "versus") as mill:
            made = mill.make(mill.upload(self.source))
            took.product.append(made)
            if is_first:
                view = mill.certificate(made.asset)
                took.proof_cpu_s, took.verdict = view.cpu_s, view.state.value
        if self.with_shaka and is_first:
            with stage.folder("peer") as folder:
                took.shaka.append(shaka.write_ladder(path, folder / "shaka"))


def _judged(source: Source, took: _Took, threads: int) -> Iterator[Figure]:
    name = f"{source.name}, {source.seconds} s"
    ready_s = median([made.ready_s for made in took.product])
    hand_s = median([run.wall_s for run in took.hand])
    yield at_most(f"ready ÷ hand-written ffmpeg, {name}", ready_s / hand_s, "×", BAR_HAND)
    if took.shaka:
        shaka_s = median([run.wall_s for run in took.shaka])
        yield at_most(f"ready ÷ shaka-streamer, {name}", ready_s / shaka_s, "×", BAR_SHAKA)
        yield reported(f"shaka-streamer, {name}", shaka_s, "s")
    yield reported(f"submit → ready, {name}", ready_s, "s")
    yield reported(f"hand-written ffmpeg, {threads} threads, {name}", hand_s, "s")
    yield from _cpu(source, took, name)


def _cpu(source: Source, took: _Took, name: str) -> Iterator[Figure]:
    info_s = _mediainfo_cpu_s(source.path)
    outside_s = median([made.own_cpu_s for made in took.product]) + info_s
    inside_s = median([made.children_cpu_s for made in took.product]) - info_s
    share = outside_s / inside_s
    yield at_most(f"CPU outside ffmpeg ÷ in it, {name}", share, "×", BAR_OUTSIDE)
    hand_s = median([run.cpu_s for run in took.hand])
    yield reported(f"CPU, all of it ÷ hand-written, {name}", (outside_s + inside_s) / hand_s, "×")
    if took.proof_cpu_s is not None:
        proof = f"CPU of the certificate ({took.verdict}) ÷ the encode's, {name}"
        yield at_most(proof, took.proof_cpu_s / inside_s, "×", BAR_PROOF)


def _mediainfo_cpu_s(path: Path) -> float:
    """Tell what MediaInfo takes, the one child of Reelmill that is no ffmpeg."""
    child = ROOT / "workers" / "ffmpeg" / "mediainfo_child.py"
    return timed([sys.executable, "-I", str(child), str(path)], cwd=ROOT).cpu_s
