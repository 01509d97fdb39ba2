"""What chunks cost: the same encode in chunks and in one piece, bytes and VMAF."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.core import chunks, ladder
from pipeline.profiles import built_in
from pipeline.settings import Settings
from schemas.plan import ChunkPlan, Grid
from schemas.tasks import EncodeParams, SourceRef
from schemas.vocabulary import AssetId
from tests.bench.figures import Figure, at_least, at_most
from tests.bench.ground import Ground
from tests.bench.media.runs import size_bytes
from tests.bench.media.sources import Source
from tests.bench.media.stage import Stage
from tests.support.benches import FolderBench
from tests.support.clips import Clip, Clips
from workers.ffmpeg.tools import find
from workers.steps import encode

BAR_BYTES, BAR_VMAF = 1.02, -0.3
#: Rungs that are looked at; every tenth frame of them.
_LOOKED_AT = ("1080p", "480p")
_EVERY = 10
#: Both at the source's size, as a viewer's screen would show them.
_COMPARE = (
    "[0:v]setpts=PTS-STARTPTS,select='not(mod(n\\,{every}))',scale=1920:1080:flags=bicubic[made];"
    "[1:v]setpts=PTS-STARTPTS,select='not(mod(n\\,{every}))'[source];"
    "[made][source]libvmaf=n_threads=2:log_fmt=json:log_path=vmaf.json"
)


@dataclass(frozen=True)
class _Piece:
    """A ladder on disk, whole renditions as players put them together."""

    n_bytes: int
    vmaf: dict[str, float]


def measure(ground: Ground) -> Iterator[Figure]:
    """Encode both sources both ways."""
    stage = Stage(ground)
    clips = Clips(ground.new_folder("clips"))
    with stage.on_two_cores():
        for source in (stage.sources.easy, stage.sources.part_hard):
            clip = clips.read(source.path)
            grid = chunks.grid(clip.facts, built_in().get("default"))
            cut = chunks.cut(grid, clip.facts, built_in().get("default"))
            whole = (ChunkPlan(index=0, first_frame=0, end_frame=grid.n_frames),)
            chunked = _made(stage, clip, grid, cut)
            unchunked = _made(stage, clip, grid, whole)
            yield from _judged(source, len(cut), chunked, unchunked)


def _judged(source: Source, n_chunks: int, chunked: _Piece, unchunked: _Piece) -> Iterator[Figure]:
    name = f"{n_chunks} chunks, {source.name}, {source.seconds} s"
    share = chunked.n_bytes / unchunked.n_bytes
    yield at_most(f"bytes chunked ÷ in one piece, {name}", share, "×", BAR_BYTES)
    for rung in _LOOKED_AT:
        change = chunked.vmaf[rung] - unchunked.vmaf[rung]
        yield at_least(f"VMAF of {rung} chunked − in one piece, {name}", change, "points", BAR_VMAF)


def _made(stage: Stage, clip: Clip, grid: Grid, cut: tuple[ChunkPlan, ...]) -> _Piece:
    profile = built_in().get("default")
    assert clip.facts.video is not None
    rungs = ladder.fit(profile.ladder, clip.facts.video, profile.video_codec, profile.crf)
    source = SourceRef(asset_id=AssetId("a1"), key="k", size_bytes=1, sha256="0" * 64)
    with stage.folder("pieces") as folder:
        for chunk in cut:
            params = EncodeParams(
                source=source,
                facts=clip.facts,
                grid=grid,
                rungs=rungs,
                chunk=chunk,
                preset=profile.preset,
            )
            encode.run(params, FolderBench(folder / f"{chunk.index:04d}", clip.path))
        vmaf = {rung: _vmaf(folder, rung, clip.path) for rung in _LOOKED_AT}
        n_bytes = sum(size_bytes(each / "stored") for each in folder.iterdir() if each.is_dir())
        return _Piece(n_bytes, vmaf)


def _vmaf(folder: Path, rung: str, source: Path) -> float:
    joined = folder / f"{rung}.mp4"
    parts = sorted(folder.glob(f"*/stored/{rung}/*.m4s"))
    init = next(folder.glob(f"*/stored/{rung}/init.mp4"))
    with joined.open("wb") as file:
        for part in (init, *parts):
            file.write(part.read_bytes())
    argv = [find(Settings(_env_file=None))[0], "-v", "error", "-nostdin", "-i", str(joined)]
    argv += ["-i", str(source), "-lavfi", _COMPARE.format(every=_EVERY), "-f", "null", "-"]
    subprocess.run(argv, cwd=folder, check=True)
    text = (folder / "vmaf.json").read_text(encoding="utf-8")
    # Its log may hold words that are no JSON.
    found = json.loads(re.sub(r"\bnan\b", "0", text))
    return float(found["pooled_metrics"]["vmaf"]["mean"])
