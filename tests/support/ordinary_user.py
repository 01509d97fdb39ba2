"""Runs hostile actions and real encodes through the runner, to be started as any user.

Started by its path with another interpreter than the tests' own, whose packages that user may
not be able to read: so it imports the standard library and what of ours does no more.
"""

import json
import sys
import tempfile
from pathlib import Path
from threading import Event

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.support import hostile  # noqa: E402  the path comes first
from tests.support.world import World  # noqa: E402
from workers.ffmpeg.cage import PYTHON, Cage  # noqa: E402
from workers.ffmpeg.confinement.ladder import ladder  # noqa: E402
from workers.ffmpeg.limits import Limits  # noqa: E402
from workers.ffmpeg.run import capture, run  # noqa: E402

_LIMITS = Limits(wall_s=30.0, stall_s=30.0, memory_bytes=2**30, output_bytes=2**24)


def main() -> None:
    """Print as JSON what holds, what each action came to and what the encode was read back as."""
    ffmpeg, ffprobe = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, World(Path(folder)) as world:
        made = _encoded(world, ffmpeg, ffprobe)
        came_to = {action: _try(action, world) for action in hostile.ACTIONS}
        answer = {
            "holding": ladder().holding,
            "missing": dict(ladder().missing),
            "actions": came_to,
            "calls": world.calls(),
            "made": made,
        }
    sys.stdout.write(json.dumps(answer))


def _try(action: str, world: World) -> str:
    script = Path(hostile.__file__)
    cage = Cage(world.scratch, (world.source, script, *PYTHON))
    argv = ["-I", "-S", str(script), action, world.told()]
    answer = capture(argv, program=sys.executable, cage=cage, limits=_LIMITS, stop=Event())
    return answer.decode()


def _encoded(world: World, ffmpeg: str, ffprobe: str) -> str:
    cage = Cage(world.scratch)
    argv = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1", "-c:v", "libx264", "out.mp4"]
    run(argv, program=ffmpeg, cage=cage, limits=_LIMITS, stop=Event())
    asked = ["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames"]
    asked += ["-of", "csv=p=0", "out.mp4"]
    answer = capture(asked, program=ffprobe, cage=cage, limits=_LIMITS, stop=Event())
    return answer.decode().strip()


if __name__ == "__main__":
    main()
