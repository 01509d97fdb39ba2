"""What any encoder is asked for, and the options that all of them share."""

from dataclasses import dataclass

from schemas.media import ContentLight, MasteringDisplay
from schemas.plan import RungPlan
from schemas.vocabulary import Preset

Options = dict[str, str]

PRESETS = tuple(Preset)


@dataclass(frozen=True)
class Wish:
    """What an encoder is asked for, whatever its words."""

    rung: RungPlan
    #: In x264's words.
    preset: str
    #: Frames from one keyframe to the next.
    keyframe_frames: int
    threads: int
    #: What an HDR source says of its own light.
    mastering_display: MasteringDisplay | None = None
    content_light: ContentLight | None = None


def step(preset: str) -> int:
    """Count how many steps a preset is from the fastest; an unknown one counts as veryfast."""
    return PRESETS.index(Preset(preset if preset in PRESETS else Preset.VERYFAST))


def capped(wish: Wish) -> Options:
    """Cap constant quality by the rung's bitrate, as players were promised."""
    return {
        "maxrate": str(wish.rung.bitrate_bps),
        # Two seconds at full rate: room for a keyframe, small enough for a start on slow lines.
        "bufsize": str(2 * wish.rung.bitrate_bps),
    }


def closed_gop(wish: Wish) -> Options:
    """Make every segment decode by itself."""
    return {
        # A keyframe at the start of each segment, and as often within it as the profile says …
        "g": str(wish.keyframe_frames),
        # … that nothing after it looks past, so that every segment decodes by itself.
        "flags": "+cgop",
    }
