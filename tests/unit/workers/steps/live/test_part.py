from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.core.argv.live import Start
from pipeline.core.live import plan
from pipeline.core.live.shape import AudioShape, Shape, VideoShape
from schemas.profile import Profile, Rung
from tests.support.folder_bench import tools
from workers.steps.live.part import Part

VIDEO = VideoShape("h264", b"", 640, 360, Fraction(25), 10**6, is_fit=False)
SHAPE = Shape(VIDEO, AudioShape("mp3", b"", 44_100, 2, is_fit=False))
PROFILE = Profile(name="p", ladder=(Rung(name="360p", height_px=360, bitrate_bps=800_000),))


def children() -> set[str]:
    tasks = Path("/proc/self/task").iterdir()
    return {pid for task in tasks for pid in (task / "children").read_text().split()}


def test_a_part_that_cannot_begin_leaves_no_program_behind(tmp_path: Path) -> None:
    whole = plan.part(plan.plan(SHAPE, PROFILE), SHAPE)
    assert whole.audio is not None
    # Sound finds no folder of its own.
    broken = replace(whole, audio=whole.audio.model_copy(update={"name": "360p"}))
    before = children()

    with pytest.raises(FileExistsError) as caught:
        Part(broken, SHAPE, Start(Fraction(0)), tmp_path / "part", tools())

    # As long as the traceback holds what was made, nothing of it is let go by itself.
    assert caught.tb is not None
    assert children() == before
