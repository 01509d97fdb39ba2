"""What one more rung costs an asset that has the others."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.bench.figures import Figure, at_most, reported
from tests.bench.ground import Ground
from tests.bench.media.product import running_mill
from tests.bench.media.stage import Stage

_RUNGS = (
    {"name": "1080p", "height_px": 1080, "bitrate_bps": 5_000_000},
    {"name": "720p", "height_px": 720, "bitrate_bps": 2_500_000},
    {"name": "480p", "height_px": 480, "bitrate_bps": 1_200_000},
)
_ONE_MORE = {"name": "240p", "height_px": 240, "bitrate_bps": 400_000}


def measure(ground: Ground) -> Iterator[Figure]:
    """Make three rungs, then ask for four: how many segments of the three are made again."""
    stage = Stage(ground)
    profiles = ground.new_folder("profiles")
    _write(profiles / "three.yaml", _RUNGS)
    _write(profiles / "four.yaml", (*_RUNGS, _ONE_MORE))
    source = stage.sources.short_easy
    with stage.on_two_cores(), running_mill(ground, "again", profiles_dir=profiles) as mill:
        asset = mill.upload(source)
        first = mill.make(asset, profile="three")
        before = mill.segments(asset)
        second = mill.make(asset, profile="four")
        after = mill.segments(asset)
    n_again = sum(before[name] != after[name] for name in before if name != "audio")
    yield at_most("renditions made again for one more rung", n_again, "of 3", 0)
    yield at_most("renditions missing after it", 5 - len(after), "of 5", 0)
    share = second.children_cpu_s / first.children_cpu_s
    yield reported("CPU of one more rung (240p) ÷ of the three before", share, "×")


def _write(path: Path, ladder: tuple[dict[str, object], ...]) -> None:
    path.write_text(yaml.safe_dump({"ladder": list(ladder)}), encoding="utf-8")
