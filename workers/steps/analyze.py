"""Encode a few samples to every rung and see what each costs and looks like.

It only advises: where the samples cannot be measured, the fixed ladder is made.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.core.argv import encoders
from pipeline.core.argv.comparing import SCORE_NAME, vmaf_argv, vmaf_mean
from pipeline.core.argv.encode import INIT_NAME, chunk_argv
from pipeline.core.errors import MediaError, WorkFailed
from pipeline.core.samples import samples
from schemas.plan import ChunkPlan, RungMeasure, RungPlan
from schemas.tasks import AnalyzeParams, AnalyzeResult, EncodeParams
from schemas.vocabulary import Preset, VideoCodec
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import run as run_ffmpeg

_WALL_S = 900.0
_MEMORY_BYTES = 6 * 2**30
_OUTPUT_BYTES = 512 * 2**20
#: The yardstick, in place of the source itself: what scores against it is a hundredth off.
_REFERENCE = "reference"
_REFERENCE_CRF, _REFERENCE_BPS = 4, 400_000_000
#: Scoring costs by the pixel and says the same above this height.
_MOST_REFERENCE_PX = 1080


def run(params: AnalyzeParams, bench: Bench) -> AnalyzeResult:
    """Measure every rung over the samples; no measures where that fails for whatever reason.

    Raises:
        Stopped, StorageUnavailable.
    """
    source = bench.source(params.work.source)
    try:
        measures = _measured(params.work, source, bench)
    except (MediaError, WorkFailed):
        # Where nothing decodes in a sample, the encode shows what stands before it.
        measures = ()
    return AnalyzeResult(found=params.found, measures=measures)


def _measured(work: EncodeParams, source: Path, bench: Bench) -> tuple[RungMeasure, ...]:
    chosen = samples(work.grid)
    sizes = {rung.name: 0 for rung in work.rungs}
    scores: dict[str, list[float]] = {rung.name: [] for rung in work.rungs}
    for number, sample in enumerate(chosen):
        folder = bench.scratch / str(number)
        folder.mkdir()
        reference = _encoded(work, _references(work), sample, source, folder, bench)[_REFERENCE]
        for name, made in _encoded(work, work.rungs, sample, source, folder, bench).items():
            sizes[name] += made.stat().st_size
            scores[name].append(_score(made, reference, work, bench))
        bench.report({"": (number + 1) / len(chosen)})
    n_frames = sum(sample.end_frame - sample.first_frame for sample in chosen)
    length_s = float(n_frames / work.grid.frame_rate)
    return tuple(
        RungMeasure(
            name=name,
            bitrate_bps=round(8 * sizes[name] / length_s),
            vmaf=round(sum(found) / len(found), 2),
        )
        for name, found in scores.items()
    )


def _references(work: EncodeParams) -> tuple[RungPlan]:
    top = work.rungs[0]
    short = min(top.width_px, top.height_px)
    share = min(1.0, _MOST_REFERENCE_PX / short)
    change = {
        "name": _REFERENCE,
        "codec": VideoCodec.H264,
        "crf": _REFERENCE_CRF,
        "bitrate_bps": _REFERENCE_BPS,
        "width_px": round(top.width_px * share) // 2 * 2,
        "height_px": round(top.height_px * share) // 2 * 2,
    }
    return (top.model_copy(update=change),)


def _encoded(
    work: EncodeParams,
    rungs: Sequence[RungPlan],
    sample: ChunkPlan,
    source: Path,
    folder: Path,
    bench: Bench,
) -> dict[str, Path]:
    """Encode a sample and put each rung together as one file; names of rungs to files."""
    for rung in rungs:
        (bench.scratch / rung.name).mkdir(exist_ok=True)
    is_reference = rungs[0].name == _REFERENCE
    change = {"rungs": tuple(rungs), "chunk": sample}
    change |= {"preset": Preset.ULTRAFAST} if is_reference else {}
    params = work.model_copy(update=change)
    encoder = encoders.choose(rungs[0].codec, available=bench.tools.encoders, use_gpu=False)
    threads = bench.tools.threads
    argv = chunk_argv(params, source=str(source), encoder=encoder, threads=threads)
    _run(argv, bench, (source,))
    return {rung.name: _joined(bench.scratch / rung.name, folder) for rung in rungs}


def _joined(made: Path, folder: Path) -> Path:
    path = folder / f"{made.name}.mp4"
    try:
        path.write_bytes(b"".join(_taken(made)))
    except FileNotFoundError as exc:
        raise WorkFailed("a sample came out empty") from exc
    return path


def _taken(made: Path) -> Iterator[bytes]:
    """Read a rung's files and remove them: the next sample makes its own."""
    for path in (made / INIT_NAME, *sorted(made.glob("*.m4s"))):
        yield path.read_bytes()
        path.unlink()


def _score(made: Path, reference: Path, work: EncodeParams, bench: Bench) -> float:
    names = [str(path.relative_to(bench.scratch)) for path in (made, reference)]
    size_of = _references(work)[0]
    _run(vmaf_argv(*names, size_of=size_of, threads=bench.tools.threads), bench)
    try:
        return vmaf_mean((bench.scratch / SCORE_NAME).read_text())
    except (OSError, ValueError) as exc:
        raise WorkFailed(f"no score: {exc}") from exc


def _run(argv: list[str], bench: Bench, readable: tuple[Path, ...] = ()) -> None:
    limits = Limits(
        wall_s=_WALL_S,
        stall_s=bench.tools.stall_s,
        memory_bytes=_MEMORY_BYTES,
        output_bytes=_OUTPUT_BYTES,
    )
    run_ffmpeg(
        argv,
        program=bench.tools.ffmpeg,
        cage=Cage(bench.scratch, readable),
        limits=limits,
        stop=bench.stop,
        on_progress=lambda progress: bench.report({"": 0.0}, speed=progress.speed),
    )
