"""Frame rates of the field, through every real step: each grid point shows its own frame."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.clock import beeping, numbered, read_numbers
from tests.support.lavfi import make
from tests.support.pressed import Pressed, assert_in_sync, assert_on_grid

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "37")
AAC = ("-c:a", "aac")


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001", "50", "60000/1001", "120"])
def test_each_rate_comes_out_exactly(rate: str, suffix: str, tmp_path: Path) -> None:
    path = make(tmp_path / f"in.{suffix}", *numbered(4, rate), *beeping(4), *H264, *AAC)

    made = Pressed(path, tmp_path / "made")

    # 120 is halved to what the profile allows: every other frame is shown.
    step = 2 if rate == "120" else 1
    assert made.grid.frame_rate == Fraction(rate) / step
    assert len(made.plan.chunks) >= 2
    assert_on_grid(made)
    assert read_numbers(made.grey()) == list(range(0, made.grid.n_frames * step, step))
    assert_in_sync(made, Fraction(rate), at_least=7)
