"""Asks MediaInfo what ffprobe does not tell: who wrote a file, how it was scanned, which HDR.

ffprobe decides, MediaInfo enriches: any failure here loses the enrichment and nothing else.
"""

import json
import sys
from pathlib import Path
from threading import Event
from typing import Any

from pipeline.core.errors import MediaError, WorkFailed
from pipeline.core.facts import plain
from workers.ffmpeg.cage import PYTHON, Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import capture

_CHILD = Path(__file__).with_name("mediainfo_child.py")
_LIMITS = Limits(wall_s=20.0, stall_s=20.0, memory_bytes=2**30, output_bytes=4 * 2**20)

#: Track type → MediaInfo's field → our name.
_WANTED = {
    "General": {
        "writing_application": "writing_application",
        "writing_library": "writing_library",
        "encoded_date": "encoded_at",
        "isstreamable": "is_streamable",
    },
    "Video": {
        "writing_library": "video_encoder",
        "scan_type": "scan_type",
        "frame_rate_mode": "frame_rate_mode",
        "bit_rate_mode": "bit_rate_mode",
        "hdr_format": "hdr_format",
        "hdr_format_commercial": "hdr_format_commercial",
        "mastering_display_luminance": "mastering_luminance",
        "maximum_content_light_level": "maximum_content_light",
    },
}


def enrich(path: Path, *, cwd: Path, stop: Event) -> dict[str, str]:
    """Return what MediaInfo adds.

    Raises:
        WorkFailed: it crashed, hung or answered nonsense.
        Stopped: asked to stop.
    """
    argv = ["-I", str(_CHILD), str(path.absolute())]
    cage = Cage(cwd, (path, _CHILD, *PYTHON))
    try:
        answer = capture(argv, program=sys.executable, cage=cage, limits=_LIMITS, stop=stop)
        return _wanted(json.loads(answer))
    except (MediaError, WorkFailed, ValueError) as error:
        raise WorkFailed(f"MediaInfo failed: {error}", code="work.mediainfo_failed") from error


def _wanted(answer: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for track in answer.get("tracks", ()):
        for theirs, ours in _WANTED.get(track.get("track_type"), {}).items():
            text = plain(track.get(theirs))
            if text:
                found.setdefault(ours, text)
    return found
