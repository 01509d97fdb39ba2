"""Small clips of every kind, made by ffmpeg's own generators once per session.

A clip comes with its facts as a probe would find them: read here by a plain ffprobe call, so
that tests of the steps do not hang on the probe step.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.settings import Settings
from schemas.media import AudioFacts, MediaFacts, VideoFacts
from workers.ffmpeg.tools import find

_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-b_strategy", "0")
_SIZE = "320x180"


@dataclass(frozen=True)
class Clip:
    """A generated file, its facts and the presentation times of its frames."""

    path: Path
    facts: MediaFacts
    frames_s: tuple[Fraction, ...]


class Clips:
    """Makes each clip at its first use; ``folder`` belongs to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ffmpeg, self._ffprobe = find(Settings())
        self._made: dict[str, Clip] = {}

    def constant(
        self,
        rate: str,
        *,
        seconds: int = 10,
        suffix: str = "mp4",
        video: Sequence[str] = (*_X264, "-g", "57"),
        output: Sequence[str] = (),
        audio: Sequence[str] | None = None,
        audio_delay_s: float = 0.0,
    ) -> Clip:
        """Make a clip of moving bars; with ``audio`` (encoder flags) also a tone."""
        inputs = ["-f", "lavfi", "-i", f"testsrc2=s={_SIZE}:r={rate}"]
        maps = ["-map", "0:v"]
        if audio is not None:
            inputs += ["-itsoffset", str(audio_delay_s)]
            inputs += ["-f", "lavfi", "-i", "aevalsrc=0.5*sin(2*PI*440*t):s=44100"]
            maps += ["-map", "1:a", *audio]
        length = ["-t", str(seconds)]
        return self.make(f"{suffix}", [*inputs, *maps, *length, *video, *output])

    def make(self, suffix: str, flags: Sequence[str]) -> Clip:
        """Make a clip from ffmpeg flags, without the output file."""
        words = " ".join([suffix, *flags])
        if words not in self._made:
            path = self.folder / f"clip{len(self._made)}.{suffix}"
            self.run([*flags, str(path)])
            self._made[words] = self.read(path)
        return self._made[words]

    def run(self, flags: Sequence[str], cwd: Path | None = None) -> bytes:
        """Run ffmpeg and return its stdout."""
        command = [self._ffmpeg, "-v", "error", "-nostdin", "-y", *flags]
        return subprocess.run(command, capture_output=True, check=True, cwd=cwd).stdout

    def probe(self, path: Path, *flags: str) -> Any:
        """Run ffprobe and return its JSON."""
        command = [self._ffprobe, "-v", "error", "-of", "json", *flags, str(path)]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    def read(self, path: Path) -> Clip:
        """Read the facts of a file."""
        found = self.probe(path, "-show_streams", "-show_format", "-show_packets")
        streams = {each["codec_type"]: each for each in found["streams"]}
        video = None
        frames_s: tuple[Fraction, ...] = ()
        if "video" in streams:
            packets = _packets(found, streams["video"])
            frames_s = tuple(sorted(_time(each) for each in packets))
            video = _video(streams["video"], packets, frames_s)
        sounds = [each for each in found["streams"] if each["codec_type"] == "audio"]
        audios = tuple(_audio(each, _packets(found, each)) for each in sounds)
        tracks = [*([video] if video else []), *audios]
        start_s = min(each.start_s for each in tracks)
        facts = MediaFacts(
            container=found["format"]["format_name"].split(",")[0],
            size_bytes=path.stat().st_size,
            duration_s=max(each.start_s + each.duration_s for each in tracks) - start_s,
            start_s=start_s,
            video=video,
            audios=audios,
            is_seekable=found["format"]["format_name"] != "mpegts",
        )
        return Clip(path, facts, frames_s)


def _packets(found: Any, stream: Any) -> list[Any]:
    return [each for each in found["packets"] if each["stream_index"] == stream["index"]]


def _time(packet: Any) -> Fraction:
    return Fraction(packet["pts_time"])


def _video(stream: Any, packets: list[Any], frames_s: tuple[Fraction, ...]) -> VideoFacts:
    rate = Fraction(stream["r_frame_rate"])
    rotation = next(
        (
            -each["rotation"] % 360
            for each in stream.get("side_data_list", [])
            if "rotation" in each
        ),
        0,
    )
    width_px, height_px = stream["width"], stream["height"]
    turned = (height_px, width_px) if rotation % 180 else (width_px, height_px)
    return VideoFacts(
        index=stream["index"],
        codec=stream["codec_name"],
        width_px=width_px,
        height_px=height_px,
        display_width_px=turned[0],
        display_height_px=turned[1],
        rotation_deg=rotation,
        pixel_format=stream["pix_fmt"],
        is_interlaced=stream.get("field_order", "progressive") not in ("progressive", "unknown"),
        color_range=stream.get("color_range"),
        color_space=stream.get("color_space"),
        color_transfer=stream.get("color_transfer"),
        color_primaries=stream.get("color_primaries"),
        frame_rate=rate,
        is_variable_rate=Fraction(stream["avg_frame_rate"]) < rate * 95 / 100,
        start_s=frames_s[0],
        duration_s=frames_s[-1] - frames_s[0] + 1 / rate,
        n_frames=len(frames_s),
        keyframes_s=tuple(sorted(float(_time(each)) for each in packets if "K" in each["flags"])),
    )


def _audio(stream: Any, packets: list[Any]) -> AudioFacts:
    start_s = max(_time(packets[0]), Fraction(stream.get("start_time", "0")))
    end_s = _time(packets[-1]) + Fraction(packets[-1].get("duration_time", "0"))
    return AudioFacts(
        index=stream["index"],
        codec=stream["codec_name"],
        channels=stream["channels"],
        channel_layout=stream.get("channel_layout"),
        sample_rate_hz=int(stream["sample_rate"]),
        start_s=start_s,
        duration_s=end_s - start_s,
    )
