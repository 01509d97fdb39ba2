"""A clip of our own making, so that `make run` has something to show on a fresh machine."""

from pathlib import Path
from threading import Event

from pipeline.settings import Settings
from workers.ffmpeg import tools
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import run

CLIP_NAME = "clip.mp4"
DURATION_S = 12
_LIMITS = Limits(wall_s=120, stall_s=30)


def make(folder: Path, settings: Settings) -> Path:
    """Make the clip in the folder unless it lies there already; return its path.

    Raises Unavailable when there is no ffmpeg, WorkFailed when it cannot make the clip.
    """
    clip = folder / CLIP_NAME
    if not clip.exists():
        folder.mkdir(parents=True, exist_ok=True)
        ffmpeg, _ = tools.find(settings)
        unfinished = folder / f"unfinished-{CLIP_NAME}"
        run(_argv(unfinished.name), program=ffmpeg, cage=Cage(folder), limits=_LIMITS, stop=Event())
        # Renamed when whole: a clip cut off by Ctrl-C must not be taken for one.
        unfinished.rename(clip)
    return clip


def _argv(name: str) -> list[str]:
    return [
        "-y",
        # A picture with a running clock and moving parts: seams and stutter would show.
        *("-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=30:duration={DURATION_S}"),
        *("-f", "lavfi", "-i", f"sine=frequency=440:beep_factor=2:duration={DURATION_S}"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-pix_fmt", "yuv420p"),
        # Keyframes every 2 s, as cameras make them; not every 4 s as our own segments.
        *("-g", "60"),
        *("-c:a", "aac", "-b:a", "128k", "-ac", "2"),
        # Playable while it is still being copied.
        *("-movflags", "+faststart"),
        f"file:{name}",
    ]
