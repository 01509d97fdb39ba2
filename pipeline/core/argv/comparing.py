"""The command line that measures how much a rung's pictures look like the source's."""

import json
from typing import Any

import ffmpeg

from schemas.plan import RungPlan

SCORE_NAME = "vmaf.json"
#: Every so many frames are scored; neighbours score alike.
_SUBSAMPLE = 4


def vmaf_argv(made: str, reference: str, *, size_of: RungPlan, threads: int) -> list[str]:
    """Compare two files of our own in the working folder; writes ``SCORE_NAME``.

    What was made is shown at the reference's size, as a player's screen would show it.

    Source: Netflix VMAF, whose default model v0.6.1 is built into libvmaf.
    """
    shown = _opened(made).filter("scale", w=size_of.width_px, h=size_of.height_px, flags="bicubic")
    scored = ffmpeg.filter(
        [shown, _opened(reference)],
        "libvmaf",
        log_fmt="json",
        log_path=SCORE_NAME,
        n_subsample=_SUBSAMPLE,
        n_threads=threads,
    )
    compiled: list[str] = ffmpeg.compile(ffmpeg.output(scored, "-", f="null"))[1:]
    return compiled


def _opened(name: str) -> Any:
    stream = ffmpeg.input(f"file:{name}", f="mov", protocol_whitelist="file")["0"]
    return stream.filter("setpts", "PTS-STARTPTS")


def vmaf_mean(report: str) -> float:
    """Read the mean score of what libvmaf wrote.

    Raises:
        ValueError: it is no such report.
    """
    try:
        return float(json.loads(report)["pooled_metrics"]["vmaf"]["mean"])
    except (KeyError, TypeError) as exc:
        raise ValueError("no mean in the report") from exc
