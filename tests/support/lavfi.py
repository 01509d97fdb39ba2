"""Sources made by ffmpeg's own generators, by whatever command line a test needs."""

from pathlib import Path
from threading import Event

from pipeline.settings import Settings
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import run
from workers.ffmpeg.tools import find

#: Encodes fast; a keyframe each second of 25.
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-sc_threshold", "0")


def picture(seconds: float, *, rate: str = "25", size: str = "320x180") -> list[str]:
    """Name an input of moving test pictures."""
    return ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]


def tone(seconds: float) -> list[str]:
    """Name an input of a sine tone."""
    return ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"]


def make(path: Path, *argv: str) -> Path:
    """Run the product's ffmpeg with these arguments and the path as its output."""
    program, _ = find(Settings())
    limits = Limits(wall_s=120.0, stall_s=60.0)
    run(
        [*argv, "-y", str(path)],
        program=program,
        cage=Cage(path.parent),
        limits=limits,
        stop=Event(),
    )
    return path


def clip(path: Path, *, seconds: float = 3.0, rate: str = "25", size: str = "320x180") -> Path:
    """Make an ordinary clip with sound; the name's ending picks the container."""
    return make(path, *picture(seconds, rate=rate, size=size), *tone(seconds), *X264, "-c:a", "aac")
