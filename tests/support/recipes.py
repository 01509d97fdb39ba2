"""The two kinds of jobs that go through a fleet under fault."""

from dataclasses import dataclass
from pathlib import Path

from schemas.profile import Profile, Rung
from schemas.vocabulary import Preset
from tests.support.fleet import Recipe
from tests.support.lavfi import clip

_LADDER = (
    Rung(name="180p", height_px=180, bitrate_bps=300_000),
    Rung(name="90p", height_px=90, bitrate_bps=100_000),
)
_LIGHT = Profile(
    name="light", ladder=_LADDER, preset="ultrafast", segment_s=1, chunk_s=4, thumbnail_count=1
)
_HEAVY = _LIGHT.model_copy(
    update={"name": "heavy", "preset": Preset.VERYSLOW, "segment_s": 2, "chunk_s": 60}
)


@dataclass(frozen=True)
class Recipes:
    """Clips of moving bars with a tone, and what to make of them."""

    #: Two chunks and the rest, each over in a moment: there is always something to disturb.
    light: Recipe
    #: One chunk that takes some seconds: there is time to disturb it.
    heavy: Recipe

    @classmethod
    def made_in(cls, folder: Path) -> "Recipes":
        """Make the clips."""
        return cls(
            Recipe("light", clip(folder / "light.mp4", seconds=6), _LIGHT),
            Recipe("heavy", clip(folder / "heavy.mp4", seconds=12), _HEAVY),
        )
