"""Command lines that try encoders and tone mapping on generated frames, as real work asks them."""

from fractions import Fraction

import ffmpeg

from pipeline.core.argv import encoders, picture
from schemas.media import VideoFacts
from schemas.plan import RungPlan
from schemas.vocabulary import VideoRange

#: Above the smallest sizes hardware encoders take.
_WIDTH_PX, _HEIGHT_PX, _N_FRAMES = 640, 360, 5

#: Sound encoders we use; all run on the CPU.
AUDIO_ENCODERS = ("aac", "libopus")


def video_trial_argv(name: str) -> list[str]:
    """Encode five frames with a video encoder of our table."""
    table = encoders.look_up(name)
    rung = RungPlan(
        name="trial",
        codec=table.codec,
        width_px=_WIDTH_PX,
        height_px=_HEIGHT_PX,
        bitrate_bps=500_000,
        crf=30,
    )
    wish = encoders.Wish(rung, "ultrafast", keyframe_frames=_N_FRAMES, threads=1)
    stream = ffmpeg.input(f"testsrc2=size={_WIDTH_PX}x{_HEIGHT_PX}:rate=25", f="lavfi")
    stream = stream.filter("format", table.pixel_format)
    if table.needs_upload:
        stream = stream.filter("hwupload")
    options = {**encoders.options(name, wish), "frames:v": str(_N_FRAMES), "f": "null"}
    compiled: list[str] = ffmpeg.compile(ffmpeg.output(stream, "-", **options))[1:]
    return [*table.device_flags, *compiled]


def tone_mapping_trial_argv() -> list[str]:
    """Bring one HDR picture down to SDR."""
    video = VideoFacts(
        index=0,
        codec="rawvideo",
        width_px=_WIDTH_PX,
        height_px=_HEIGHT_PX,
        display_width_px=_WIDTH_PX,
        display_height_px=_HEIGHT_PX,
        pixel_format="yuv420p10le",
        color_transfer="smpte2084",
        frame_rate=Fraction(25),
        start_s=Fraction(0),
        duration_s=Fraction(1),
    )
    stream = ffmpeg.input(f"color=size={_WIDTH_PX}x{_HEIGHT_PX}:rate=25", f="lavfi")
    stream = stream.filter("format", video.pixel_format)
    shown = picture.displayed(stream, video, (_WIDTH_PX, _HEIGHT_PX), VideoRange.SDR)
    compiled: list[str] = ffmpeg.compile(ffmpeg.output(shown, "-", f="null", **{"frames:v": "1"}))
    return compiled[1:]


def audio_trial_argv(name: str) -> list[str]:
    """Encode a fifth of a second with a sound encoder."""
    stream = ffmpeg.input("sine=frequency=440:duration=0.2:sample_rate=48000", f="lavfi")
    options = {"c:a": name, "b:a": "96k", "ac": "2", "f": "null"}
    compiled: list[str] = ffmpeg.compile(ffmpeg.output(stream, "-", **options))[1:]
    return compiled
