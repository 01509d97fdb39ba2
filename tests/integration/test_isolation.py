"""A decoder that was taken over reaches nothing: hostile actions through the product's runner.

Each is first tried without the cage, where it must succeed, so that its refusal means something;
then within it, on every kind of box that this one can be.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from pipeline.core.errors import WorkFailed
from pipeline.settings import Settings
from tests.support import hostile
from tests.support.world import World
from workers.ffmpeg import child
from workers.ffmpeg.cage import PYTHON, Cage
from workers.ffmpeg.confinement.ladder import ESSENTIAL, Ladder, ladder
from workers.ffmpeg.confinement.order import Layers
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import capture, run
from workers.ffmpeg.tools import find

SCRIPT = Path(hostile.__file__)
LIMITS = Limits(
    wall_s=20.0,
    stall_s=20.0,
    memory_bytes=300 * 2**20,
    scratch_bytes=8 * 2**20,
    n_threads=100,
)
IS_ROOT = os.geteuid() == 0
REFUSABLE = [*hostile.ACTIONS, *(hostile.OF_ROOT if IS_ROOT else ())]


def kinds() -> dict[str, Layers]:
    """Name the boxes this one can be: itself, one of an ordinary user, a container's."""
    own = ladder().layers
    apart = own.has_network or own.has_processes
    found = {"this box": own}
    if apart and not own.needs_user:
        found["user namespace"] = replace(own, needs_user=True)
    if apart:
        found["container"] = replace(own, has_network=False, has_processes=False, needs_user=False)
    return found


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("REELMILL_S3_SECRET_KEY", "s3cret")
    with World(tmp_path) as made:
        yield made


def outside(action: str, world: World) -> str:
    command = [sys.executable, "-I", "-S", str(SCRIPT), action, world.told()]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def inside(action: str, world: World, *, use_gpu: bool = False) -> str:
    cage = Cage(world.scratch, (world.source, SCRIPT, *PYTHON), use_gpu=use_gpu)
    argv = ["-I", "-S", str(SCRIPT), action, world.told()]
    answer = capture(argv, program=sys.executable, cage=cage, limits=LIMITS, stop=Event())
    return answer.decode()


def test_this_box_has_what_is_essential() -> None:
    assert ladder().lacks == ()


@pytest.mark.parametrize("action", REFUSABLE)
def test_it_is_refused(action: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for kind, layers in kinds().items():
        monkeypatch.setattr(child, "ladder", lambda layers=layers: Ladder(layers, (), {}))
        found[kind] = inside(action, world).split(":")[0]
    # The layers of the last kind are the fewest; its cage for a GPU is the widest there is.
    found["for a GPU"] = inside(action, world, use_gpu=True).split(":")[0]
    calls_from_inside = world.calls()

    assert found == dict.fromkeys(found, "refused")
    assert calls_from_inside == []
    assert outside(action, world) == "done"


@pytest.mark.parametrize("bomb", hostile.BOMBS)
def test_it_is_contained(bomb: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for kind, layers in kinds().items():
        monkeypatch.setattr(child, "ladder", lambda layers=layers: Ladder(layers, (), {}))
        try:
            found[kind] = inside(bomb, world).split(":")[0]
        except WorkFailed as error:
            found[kind] = error.instance_code

    assert (
        set(found.values())
        == {
            "take memory": {"refused"},
            "take shared memory": {"refused"},
            "fill the disk": {"work.output_too_large"},
            "fill the disk with nameless files": {"work.output_too_large"},
            "start threads": {"work.too_many_threads"},
        }[bomb]
    )
    assert outside(bomb, world) == "done"


def test_an_ordinary_user_is_as_safe_and_can_work() -> None:
    """Where the tests run as an ordinary user, all others show this too."""
    script = Path(hostile.__file__).with_name("ordinary_user.py")
    command = [interpreter_for_all(), "-I", str(script), *find(Settings())]
    as_nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]

    ended = subprocess.run(
        [*(as_nobody if IS_ROOT else ()), *command], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert [name for name in ESSENTIAL if name not in found["holding"]] == []
    assert [one for one, word in found["actions"].items() if not word.startswith("refused")] == []
    assert found["calls"] == []
    assert found["made"] == "25"


def interpreter_for_all() -> str:
    """Find a Python that any user may run; ours may lie in a home folder."""
    candidates = [sys.executable, *map(str, Path("/usr/bin").glob("python3.1[1-9]"))]
    try_it = ["setpriv", "--reuid", "65534", "--clear-groups", "--"] if IS_ROOT else []
    for candidate in candidates:
        # setpriv itself may still start what the user may not.
        again = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
        command = [*try_it, candidate, "-c", again]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return candidate
    return pytest.fail("no Python here that an ordinary user may run")


@pytest.mark.parametrize("encoder", ["libx264", "libx265", "libsvtav1", "libvpx-vp9"])
def test_every_encoder_works_inside(encoder: str, tmp_path: Path) -> None:
    picture = "testsrc2=s=320x180:r=25:d=0.4,drawtext=text=seen:fontsize=40:font=Sans"
    argv = ["-f", "lavfi", "-i", picture, "-c:v", encoder, "-threads", "4", "out.mkv"]
    limits = Limits(wall_s=60.0, stall_s=60.0, memory_bytes=3 * 2**30)

    done = run(argv, program=find(Settings())[0], cage=Cage(tmp_path), limits=limits, stop=Event())

    assert done.last.frame == 10
    assert done.n_error_lines == 0
