"""Measure sampled pictures of a rung beside the source's, in full size."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.core.argv.proof import likeness_argv
from pipeline.core.errors import MediaError, WorkFailed
from pipeline.core.proof.likeness import likeness
from schemas.certificate import Point
from schemas.plan import RungPlan
from workers.steps.proof.programs import Programs, taken


def measure(
    rung: RungPlan, pairs: Sequence[tuple[int, int]], programs: Programs, folder: Path
) -> Point:
    """Lay the pairs out as two files of as many pictures, and compare the two."""
    name = rung.name
    n_bytes = rung.width_px * rung.height_px * 3 // 2
    _pick(folder / f"{name}.full", (one for one, _ in pairs), n_bytes, folder / f"{name}.pairs")
    _pick(
        folder / f"source-{name}.kept",
        (one for _, one in pairs),
        n_bytes,
        folder / f"source-{name}.pairs",
    )
    if not pairs:
        return likeness(name, "", None)
    has_vmaf = _run(rung, programs)
    for prefix in ("", "source-"):
        (folder / f"{prefix}{name}.pairs").unlink()
    vmaf = taken(folder / f"{name}.vmaf").decode() if has_vmaf else None
    return likeness(name, taken(folder / f"{name}.ssim").decode(), vmaf)


def _pick(source: Path, places: Iterable[int], n_bytes: int, target: Path) -> None:
    with source.open("rb") as full, target.open("wb") as file:
        for place in places:
            full.seek(place * n_bytes)
            file.write(full.read(n_bytes))
    source.unlink()


def _run(rung: RungPlan, programs: Programs) -> bool:
    """Run SSIM, and VMAF where this ffmpeg has it; tell whether it has."""
    size_px = rung.width_px, rung.height_px
    try:
        programs.ffmpeg(likeness_argv(rung.name, size_px, has_vmaf=True))
    except (MediaError, WorkFailed):
        programs.ffmpeg(likeness_argv(rung.name, size_px, has_vmaf=False))
        return False
    return True
