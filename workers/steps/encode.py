"""Encode one chunk to every rung: one ffmpeg, then check, then store.

Nothing is visible to players before the result is accepted by whoever runs the step.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from time import monotonic

from pipeline.core import colors
from pipeline.core.argv import encoders
from pipeline.core.argv.encode import INIT_NAME, Fill, chunk_argv
from pipeline.core.argv.watermark import IMAGE_NAME
from pipeline.core.codecs import codecs
from pipeline.core.encryption import encrypt
from pipeline.core.errors import EncoderUnavailable, MediaDamaged, OutputInvalid, Stopped
from pipeline.core.inspection import (
    Expected,
    check_init,
    check_segment,
    expected_segments,
    truncated,
)
from pipeline.core.keys import watermark_key
from schemas.plan import RungPlan
from schemas.tasks import EncodeParams, EncodeResult, RenditionMade, SegmentMade
from schemas.vocabulary import OnDamage
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import EXPRESS_NICE, Limits
from workers.ffmpeg.progress import Progress
from workers.ffmpeg.run import Finished
from workers.ffmpeg.run import run as run_ffmpeg
from workers.steps import surveying

INIT_TYPE = "video/mp4"
SEGMENT_TYPE = "video/iso.segment"

#: Uploads at once: enough to hide a store's latency, few enough to leave the encoders the cores.
_N_UPLOADS = 4

#: Wall clock: whoever still makes progress is slow, not stuck, so this is only a last bound.
_WALL_FLOOR_S = 900.0
_WALL_PER_MEDIA_SECOND = 120.0
#: ffmpeg's own memory, and pictures held by decoder, filters and the encoders' lookahead.
_MEMORY_FLOOR_BYTES = 3 * 2**30
_PICTURES_HELD = 120
_BYTES_PER_PIXEL = 3
#: No segment is this far above its rung's ceiling.
_SIZE_FLOOR_BYTES = 32 * 2**20
_SIZE_OVER_CEILING = 8


@dataclass(frozen=True)
class _Checked:
    """A file that was found to be as planned, ready to be stored."""

    path: Path
    name: str
    expected: Expected


def run(params: EncodeParams, bench: Bench) -> EncodeResult:
    """Encode, check and store a chunk.

    Where the source's pictures end too soon the last one is held, where there is none it is
    black: the result counts what was lost, or the profile refuses it.

    Raises:
        MediaDamaged: the source does not decode cleanly and the profile refuses that.
        OutputInvalid: what came out is not what was planned.
        EncoderUnavailable, WorkFailed, WorkStalled, ScratchFull, Stopped, StorageUnavailable.
    """
    tools = bench.tools
    encoder = encoders.choose(
        params.rungs[0].codec, available=tools.encoders, use_gpu=tools.use_gpu
    )
    _check_tone_mapping(params, bench)
    source = bench.source(params.source)
    if params.watermark is not None:
        key = watermark_key(params.source.asset_id, params.watermark.sha256)
        bench.fetch(key, bench.scratch / IMAGE_NAME)
    started_at = monotonic()
    for fill in Fill:
        try:
            ended, checked = _make(params, bench, source, encoder, fill)
            break
        except MediaDamaged:
            if fill is Fill.BLACK or params.on_damage is OnDamage.REFUSE:
                raise
    encode_s = monotonic() - started_at
    damage = surveying.picture_damage(params, bench, source, fill, is_clean=ended.is_clean)
    renditions, segments = _store(params, bench, checked)
    return EncodeResult(
        renditions=renditions,
        segments=segments,
        encoder_build=tools.encoder_build,
        encode_s=round(encode_s, 3),
        cpu_s=round(ended.cpu_s, 3),
        damage=damage,
    )


def _make(
    params: EncodeParams, bench: Bench, source: Path, encoder: str, fill: Fill
) -> tuple[Finished, dict[str, tuple[_Checked, ...]]]:
    """Run ffmpeg and check what came out."""
    tools = bench.tools
    for rung in params.rungs:
        # What an attempt without fill left would be taken for this one's.
        rmtree(bench.scratch / rung.name, ignore_errors=True)
        (bench.scratch / rung.name).mkdir()
    ended = run_ffmpeg(
        chunk_argv(params, source=str(source), encoder=encoder, threads=tools.threads, fill=fill),
        program=tools.ffmpeg,
        cage=Cage(bench.scratch, (source,), use_gpu=tools.use_gpu),
        limits=_limits(params, bench),
        stop=bench.stop,
        on_progress=partial(_report, params, bench),
    )
    return ended, _check_all(params, bench)


def check_and_store(
    params: EncodeParams, bench: Bench, *, is_copied: bool = False
) -> tuple[tuple[RenditionMade, ...], tuple[SegmentMade, ...]]:
    """Check what lies in the scratch folder against the plan, and store it.

    Raises:
        MediaDamaged, OutputInvalid, Stopped, StorageUnavailable.
    """
    return _store(params, bench, _check_all(params, bench, is_copied=is_copied))


def _check_all(
    params: EncodeParams, bench: Bench, *, is_copied: bool = False
) -> dict[str, tuple[_Checked, ...]]:
    return {rung.name: _check(rung, params, bench, is_copied=is_copied) for rung in params.rungs}


def _check_tone_mapping(params: EncodeParams, bench: Bench) -> None:
    video = params.facts.video
    if video is None or bench.tools.can_tone_map:
        return
    if colors.is_brought_down(video, params.rungs[0].video_range):
        raise EncoderUnavailable("The ffmpeg of this box cannot bring HDR down to SDR.")


def _report(params: EncodeParams, bench: Bench, progress: Progress) -> None:
    # One decode feeds all rungs, so they move together.
    share = progress.frame / (params.chunk.end_frame - params.chunk.first_frame)
    bench.report({rung.name: min(1.0, share) for rung in params.rungs}, speed=progress.speed)


def _limits(params: EncodeParams, bench: Bench) -> Limits:
    grid, video = params.grid, params.facts.video
    media_s = float((params.chunk.end_frame - params.chunk.first_frame) / grid.frame_rate)
    segment_s = float(grid.segment_frames / grid.frame_rate)
    ceiling_bps = max(rung.bitrate_bps for rung in params.rungs)
    all_bps = sum(rung.bitrate_bps for rung in params.rungs)
    n_pixels = video.width_px * video.height_px if video else 0
    picture_bytes = n_pixels * _BYTES_PER_PIXEL * _PICTURES_HELD
    return Limits(
        wall_s=_WALL_FLOOR_S + _WALL_PER_MEDIA_SECOND * media_s,
        stall_s=bench.tools.stall_s,
        # Drivers of GPUs map far more than they use.
        memory_bytes=None if bench.tools.use_gpu else _MEMORY_FLOOR_BYTES + picture_bytes,
        output_bytes=_SIZE_FLOOR_BYTES + round(ceiling_bps * segment_s / 8 * _SIZE_OVER_CEILING),
        scratch_bytes=_SIZE_FLOOR_BYTES + round(all_bps * media_s / 8 * _SIZE_OVER_CEILING),
        nice=EXPRESS_NICE if params.chunk.index == 0 else Limits.nice,
    )


def _check(
    rung: RungPlan, params: EncodeParams, bench: Bench, *, is_copied: bool
) -> tuple[_Checked, ...]:
    folder = bench.scratch / rung.name
    init = check_init(_read(folder / INIT_NAME), rung)
    checked = []
    for expected in expected_segments(params.grid, params.chunk):
        if bench.stop.is_set():
            raise Stopped("asked to stop while checking a chunk")
        path = folder / f"{expected.index:05d}.m4s"
        if not path.exists():
            raise truncated(expected.first_frame, params.grid)
        check_segment(_read(path), init, params.grid, expected, is_copied=is_copied)
        checked.append(_Checked(path, f"{rung.name}/{path.name}", expected))
    n_made = len(list(folder.glob("*.m4s")))
    if n_made != len(checked):
        raise OutputInvalid(f"Rung {rung.name} has {n_made} segments, not {len(checked)}.")
    return tuple(checked)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as exc:
        raise OutputInvalid(f"ffmpeg ended well but left no {path.name}.") from exc


def _store(
    params: EncodeParams, bench: Bench, checked: dict[str, tuple[_Checked, ...]]
) -> tuple[tuple[RenditionMade, ...], tuple[SegmentMade, ...]]:
    renditions = tuple(_store_init(rung.name, bench) for rung in params.rungs)
    key = bench.content_key() if params.is_encrypted else None
    pool = ThreadPoolExecutor(_N_UPLOADS, thread_name_prefix="upload")
    try:
        made = [
            pool.submit(_store_segment, bench, rendition, segment, key)
            for rendition in renditions
            for segment in checked[rendition.name]
        ]
        segments = tuple(each.result() for each in made)
    finally:
        pool.shutdown(cancel_futures=True)
    return renditions, segments


def _store_init(rung_name: str, bench: Bench) -> RenditionMade:
    name = f"{rung_name}/{INIT_NAME}"
    data = _read(bench.scratch / name)
    return RenditionMade(
        name=rung_name,
        codecs=codecs(data),
        init_sha256=sha256(data).hexdigest(),
        init_key=bench.put(bench.scratch / name, name, content_type=INIT_TYPE),
        init_size_bytes=len(data),
    )


def _store_segment(
    bench: Bench, rendition: RenditionMade, checked: _Checked, key: bytes | None
) -> SegmentMade:
    if bench.stop.is_set():
        raise Stopped("asked to stop while storing a chunk")
    if key is not None:
        sealed = encrypt(checked.path.read_bytes(), key, checked.expected.index)
        checked.path.write_bytes(sealed)
    return SegmentMade(
        rendition=rendition.name,
        index=checked.expected.index,
        duration_s=checked.expected.duration_s,
        size_bytes=checked.path.stat().st_size,
        key=bench.put(checked.path, checked.name, content_type=SEGMENT_TYPE),
        init_key=rendition.init_key,
    )
