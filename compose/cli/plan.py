"""``reelmill plan``: what would be made of a file, without a server."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from compose import configuration
from compose.cli.options import JsonOption, ProfileOption, TrimOption
from compose.cli.output import print_facts, print_json, print_table, size
from schemas.http import DryRunView
from schemas.media import AudioFacts
from schemas.plan import ChunkPlan, Grid


def plan(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A video file.")
    ],
    *,
    profile: ProfileOption = "default",
    trim: TrimOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what would be made of a file: rungs, chunks, command lines, bytes and seconds."""
    from compose.preview import preview

    view = preview(file, profile, configuration.load(), trim=trim)
    if as_json:
        print_json(view)
        return
    _print_summary(view)
    _print_renditions(view)
    _print_chunks(view)
    for command in view.commands:
        sys.stdout.write(f"\n# {command.task} on {command.queue}\n{shlex.join(command.argv)}\n")


def _print_summary(view: DryRunView) -> None:
    video, grid = view.facts.video, view.plan.grid
    print_facts(
        {
            "container": view.facts.remuxed_from or view.facts.container,
            "seconds": f"{float(view.facts.duration_s):.3f}",
            "picture": video
            and f"{video.codec} {video.display_width_px}x{video.display_height_px}"
            f" at {video.frame_rate}{' (variable)' if video.is_variable_rate else ''}",
            "sound": "; ".join(map(_sound, view.facts.audios)) or None,
            "frames out": grid and f"{grid.n_frames} at {grid.frame_rate}",
            "estimated size": size(view.estimated_bytes),
            "estimated work": f"{view.estimated_s:.1f} core seconds",
            "warnings": "; ".join(warning.detail for warning in view.warnings) or None,
        }
    )


def _sound(audio: AudioFacts) -> str:
    return f"{audio.codec}, {audio.channels} channels"


def _print_renditions(view: DryRunView) -> None:
    rows: list[tuple[object, ...]] = [
        (rung.name, rung.codec, f"{rung.width_px}x{rung.height_px}", rung.bitrate_bps // 1000)
        for rung in view.plan.rungs
    ]
    rows += [(one.name, one.codec, None, one.bitrate_bps // 1000) for one in view.plan.audios]
    print_table(("RENDITION", "CODEC", "SIZE", "KBIT/S"), rows)


def _print_chunks(view: DryRunView) -> None:
    grid = view.plan.grid
    if grid is not None:
        print_table(
            ("CHUNK", "FRAMES", "FROM", "TO", "SEGMENTS"),
            (_chunk(chunk, grid) for chunk in view.plan.chunks),
        )


def _chunk(chunk: ChunkPlan, grid: Grid) -> tuple[object, ...]:
    n_frames = chunk.end_frame - chunk.first_frame
    return (
        *(chunk.index, n_frames),
        f"{float(chunk.first_frame / grid.frame_rate):.3f} s",
        f"{float(chunk.end_frame / grid.frame_rate):.3f} s",
        -(-n_frames // grid.segment_frames),
    )
