from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.core.errors import WorkFailed
from pipeline.core.fragments import avc_init
from pipeline.core.live import plan
from pipeline.core.live.shape import Shape, VideoShape
from schemas.profile import Profile, Rung
from schemas.tasks import RenditionMade, SegmentMade
from tests.support.folder_bench import FolderBench
from workers.bench import Standing
from workers.steps.live.outlet import Outlet
from workers.steps.live.part import Ready

LADDER = tuple(Rung(name=f"{px}p", height_px=px, bitrate_bps=px * 2000) for px in (720, 360))
PROFILE = Profile(name="p", ladder=LADDER)
RECORD = b"\x01\x42\xc0\x1e\xff\xe0\x00"
SHAPE = Shape(VideoShape("h264", RECORD, 1280, 720, Fraction(25), 10**6, is_fit=False), None)
WHOLE = plan.plan(SHAPE, PROFILE)
INIT = avc_init(RECORD, (640, 360), 1000)


def ready(folder: Path, number: int) -> Ready:
    """Make a set of two files, whose higher rung is left out."""
    paths = tuple(folder / f"{number}-{half}.m4s" for half in range(2))
    for path in paths:
        path.write_bytes(b"picture")
    start_s = Fraction(2 * number)
    return Ready(start_s, start_s + 2, {"360p": paths}, None)


def test_nothing_stays_in_the_folder_of_a_part_but_what_waits(tmp_path: Path) -> None:
    bench, folder = FolderBench(tmp_path), tmp_path / "part"
    folder.mkdir()
    part = plan.part(WHOLE, SHAPE, thinned=("720p",))

    with Outlet(bench, WHOLE, Standing()) as outlet:  # type: ignore[arg-type]  # as far as used
        for number in range(3):
            outlet.offer(ready(folder, number), part, {"360p": INIT}, 1)
        outlet.drain()

    assert [(each.rendition, each.index) for each in bench.published] == [
        (name, index) for index in range(3) for name in ("720p", "360p")
    ]
    assert {path.read_bytes() for path in bench.stored.rglob("*.m4s")} == {b"picture" * 2}
    assert not list(folder.iterdir())
    assert not list(bench.scratch.iterdir())


class _Refusing(FolderBench):
    def publish(self, renditions: Sequence[RenditionMade], segments: Sequence[SegmentMade]) -> None:
        raise WorkFailed("it was given away")


def test_what_was_not_published_stays_and_leaving_does_not_wait_for_it(tmp_path: Path) -> None:
    bench, folder = _Refusing(tmp_path), tmp_path / "part"
    folder.mkdir()
    part = plan.part(WHOLE, SHAPE, thinned=("720p",))

    outlet = Outlet(bench, WHOLE, Standing())  # type: ignore[arg-type]  # as far as used

    def given() -> None:
        with outlet:
            for number in range(3):
                outlet.offer(ready(folder, number), part, {"360p": INIT}, 1)
            outlet.drain()

    with pytest.raises(WorkFailed, match="given away"):
        given()
    assert len(list(folder.iterdir())) == 6
