"""Facts of imaginary sources, for planning and command lines."""

from fractions import Fraction
from typing import Any

from schemas.media import AudioFacts, MediaFacts, VideoFacts


def video_facts(**changes: Any) -> VideoFacts:
    """A 1080p picture of a minute at 30000/1001, with a keyframe each second or so."""
    usual: dict[str, Any] = {
        "index": 0,
        "codec": "h264",
        "width_px": 1920,
        "height_px": 1080,
        "display_width_px": 1920,
        "display_height_px": 1080,
        "pixel_format": "yuv420p",
        "frame_rate": Fraction(30000, 1001),
        "start_s": Fraction(0),
        "duration_s": Fraction(60),
        "keyframes_s": tuple(number * 1.001 for number in range(60)),
    }
    return VideoFacts(**(usual | changes))


def sized(width_px: int, height_px: int) -> VideoFacts:
    """A picture of a size, seen as it is coded."""
    return video_facts(
        width_px=width_px,
        height_px=height_px,
        display_width_px=width_px,
        display_height_px=height_px,
    )


def audio_facts(**changes: Any) -> AudioFacts:
    """A minute of stereo AAC."""
    usual: dict[str, Any] = {
        "index": 1,
        "codec": "aac",
        "channels": 2,
        "sample_rate_hz": 44_100,
        "start_s": Fraction(0),
        "duration_s": Fraction(60),
    }
    return AudioFacts(**(usual | changes))


def media_facts(video: VideoFacts | None = None, *audios: AudioFacts, **changes: Any) -> MediaFacts:
    """A source with what is given; its length and start follow from the tracks."""
    tracks = [*([video] if video else []), *audios]
    start_s = min((track.start_s for track in tracks), default=Fraction(0))
    end_s = max((track.start_s + track.duration_s for track in tracks), default=Fraction(0))
    usual: dict[str, Any] = {
        "container": "mov",
        "size_bytes": 10_000_000,
        "duration_s": end_s - start_s,
        "start_s": start_s,
        "video": video,
        "audios": audios,
    }
    return MediaFacts(**(usual | changes))
