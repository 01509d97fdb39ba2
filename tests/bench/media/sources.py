"""What the media benches encode: made by ffmpeg's own generators, each once."""

import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline.settings import Settings
from workers.ffmpeg.tools import find

_RATE = 30
#: What a camera or screen recorder might write: ffmpeg's own choice of keyframes.
_ENCODER = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
_SOUND = ("-c:a", "aac", "-b:a", "128k")

#: Lines of glyph-like marks on white, below a title bar; another page every five seconds.
_PAGES = (
    "trim=end_frame={n_pages},scale=1920:1080:flags=neighbor,format=yuv420p,fps={rate},"
    "drawgrid=w=iw:h=54:t=18:c=white,drawbox=0:0:iw:96:0x204060:fill"
)
_PAGE_S = 5
#: A pointer that wanders over them.
_POINTER = "overlay=x='900+800*sin(t/3)':y='540+400*cos(t/5)'"


@dataclass(frozen=True)
class Source:
    """One file and what it is."""

    name: str
    path: Path
    seconds: int


class Sources:
    """Makes each source at its first use; ``folder`` belongs to it."""

    def __init__(self, folder: Path, *, is_quick: bool) -> None:
        self._folder = folder
        self._seconds = 16 if is_quick else 60
        self._long_s = 120 if is_quick else 600
        self._ffmpeg, _ = find(Settings(_env_file=None))

    @cached_property
    def easy(self) -> Source:
        """1080p like a screen: pages of text, a pointer."""
        return self._easy("easy", self._seconds)

    @cached_property
    def hard(self) -> Source:
        """1080p of motion and noise, at the rate of a good camera."""
        return self._hard("hard", self._seconds)

    @cached_property
    def short_easy(self) -> Source:
        return self._easy("short-easy", 16)

    @cached_property
    def short_hard(self) -> Source:
        return self._hard("short-hard", 16)

    @cached_property
    def part_hard(self) -> Source:
        """As much of it as several chunks need."""
        return self._hard("part-hard", min(36, self._seconds))

    @cached_property
    def long(self) -> Source:
        """Ten minutes of motion and noise at 360p."""
        flags = [
            *self._inputs(f"testsrc2=s=640x360:r={_RATE}", self._long_s),
            *("-vf", "noise=alls=12:allf=t"),
        ]
        return self._make(
            "long", self._long_s, [*flags, "-crf", "23", "-maxrate", "1500k", "-bufsize", "3M"]
        )

    def _easy(self, name: str, seconds: int) -> Source:
        n_pages = -(-seconds // _PAGE_S)
        pages = (
            f"life=s=480x270:r=1/{_PAGE_S}:ratio=0.2:seed=7:mold=0"
            ":life_color=black:death_color=white"
        )
        graph = f"[0:v]{_PAGES.format(n_pages=n_pages, rate=_RATE)}[page];[page][2:v]{_POINTER}[v]"
        flags = [
            *self._inputs(pages, seconds),
            *("-f", "lavfi", "-i", f"color=c=red:s=24x32:r={_RATE}"),
            *("-filter_complex", graph, "-map", "[v]", "-map", "1:a"),
        ]
        return self._make(name, seconds, [*flags, "-crf", "20"])

    def _hard(self, name: str, seconds: int) -> Source:
        flags = [
            *self._inputs(f"testsrc2=s=1920x1080:r={_RATE}", seconds),
            *("-vf", "noise=alls=12:allf=t"),
        ]
        return self._make(
            name, seconds, [*flags, "-crf", "20", "-maxrate", "24M", "-bufsize", "48M"]
        )

    def _inputs(self, picture: str, seconds: int) -> list[str]:
        sound = f"anoisesrc=c=pink:r=48000:a=0.2:d={seconds}"
        return ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]

    def _make(self, name: str, seconds: int, flags: list[str]) -> Source:
        path = self._folder / f"{name}.mp4"
        command = [self._ffmpeg, "-v", "error", "-nostdin", "-y", *flags]
        command += ["-t", str(seconds), *_ENCODER, *_SOUND, str(path)]
        subprocess.run(command, check=True)
        return Source(name, path, seconds)
