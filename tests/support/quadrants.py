"""Pictures of four colours, one per quarter: what is where, and which colour, is easy to tell.

Colours of an output are read as a player reads them: decoded planes, and the matrix the file
names, reckoned here and not by ffmpeg.
"""

import json
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.settings import Settings
from workers.ffmpeg.tools import find

#: Rows of columns, red, green and blue in 0–255.
COLORS = np.array([[(200, 40, 60), (40, 180, 70)], [(50, 60, 190), (210, 200, 60)]], float)

#: Kr and Kb. Source: ITU-R BT.601, BT.709, BT.2020.
_MATRICES = {
    "bt709": (0.2126, 0.0722),
    "smpte170m": (0.299, 0.114),
    "bt470bg": (0.299, 0.114),
    "bt2020nc": (0.2627, 0.0593),
}


def quadrants(
    seconds: float, *, size: str = "64x48", rate: str = "25", colors: np.ndarray = COLORS
) -> list[str]:
    """Name an input of RGB pictures with the four colours."""
    return ["-f", "lavfi", "-i", f"{quadrant_graph(seconds, size=size, rate=rate, colors=colors)}"]


def quadrant_graph(
    seconds: float, *, size: str = "64x48", rate: str = "25", colors: np.ndarray = COLORS
) -> str:
    """Write the graph of such an input."""
    planes = []
    for name, (top, bottom) in zip(
        "rgb", colors.transpose(2, 0, 1).round().astype(int), strict=True
    ):
        rows = [f"if(lt(X,W/2),{left},{right})" for left, right in (top, bottom)]
        planes.append(f"{name}='if(lt(Y,H/2),{rows[0]},{rows[1]})'")
    # One picture is drawn, then held: drawing is slow.
    drawn = f"color=s={size}:r={rate}:d=0.001,format=gbrp,geq={':'.join(planes)}"
    return f"{drawn},loop=-1:1,trim=duration={seconds},setpts=N/({rate})/TB,fps={rate}"


def yuv(matrix: str, *, form: str = "yuv420p", full: bool = False) -> str:
    """Write the filter that makes tagged YUV of the RGB pictures."""
    out_range = "pc" if full else "tv"
    scale = (
        f"scale=out_color_matrix={matrix}:out_range={out_range}:flags=accurate_rnd+full_chroma_int"
    )
    return f"{scale},format={form}"


@dataclass(frozen=True)
class Seen:
    """A file's pictures as a player without any help would show them."""

    path: Path

    @cached_property
    def stream(self) -> dict[str, Any]:
        """ffprobe's words on the picture track."""
        _, ffprobe = find(Settings())
        command = [ffprobe, "-v", "error", "-show_streams", "-select_streams", "v", "-of", "json"]
        done = subprocess.run([*command, str(self.path)], capture_output=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)["streams"][0]
        return found

    @cached_property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        return self.stream["width"], self.stream["height"]

    @cached_property
    def form(self) -> str:
        """Pixel format to decode to, without any conversion."""
        if self.stream["codec_name"] == "mjpeg":
            return "yuvj420p"
        return "yuv420p10le" if "10le" in self.stream["pix_fmt"] else "yuv420p"

    def planes(self, frame: int = 0) -> np.ndarray:
        """Decode one frame to luma, blue and red difference, each of full size, in 8-bit steps."""
        ffmpeg, _ = find(Settings())
        command = [ffmpeg, "-v", "error", "-nostdin", "-i", str(self.path)]
        chosen = f"select=eq(n\\,{frame}),format={self.form}"
        command += ["-vf", chosen, "-frames:v", "1", "-f", "rawvideo", "-"]
        data = subprocess.run(command, capture_output=True, check=True).stdout
        width, height = self.size_px
        deep = self.form.endswith("10le")
        values = np.frombuffer(data, "<u2" if deep else "u1").astype(float) / (4 if deep else 1)
        luma, chroma = width * height, (width + 1) // 2 * ((height + 1) // 2)
        small = values[luma:].reshape(2, (height + 1) // 2, (width + 1) // 2)
        large = small.repeat(2, 1).repeat(2, 2)[:, :height, :width]
        assert len(values) == luma + 2 * chroma
        return np.concatenate([values[:luma].reshape(1, height, width), large])

    def rgb(self, frame: int = 0) -> np.ndarray:
        """Tell the colours of a frame by the file's own tags: row × column × RGB."""
        y, cb, cr = self.planes(frame)
        if self.form == "yuvj420p":
            # JPEG is BT.601 in full range, whatever is written in it.
            (kr, kb), y, cb, cr = _MATRICES["bt470bg"], y / 255, (cb - 128) / 255, (cr - 128) / 255
        else:
            assert self.stream["color_range"] == "tv"
            kr, kb = _MATRICES[self.stream["color_space"]]
            y, cb, cr = (y - 16) / 219, (cb - 128) / 224, (cr - 128) / 224
        red, blue = y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb
        green = (y - kr * red - kb * blue) / (1 - kr - kb)
        return 255 * np.stack([red, green, blue], axis=2)

    def quarters(self, frame: int = 0) -> np.ndarray:
        """Tell the colour in the middle of each quarter: row × column × RGB."""
        picture = self.rgb(frame)
        height, width = picture.shape[:2]
        rows = [slice(height * at // 8, height * (at + 2) // 8 or 1) for at in (1, 5)]
        columns = [slice(width * at // 8, width * (at + 2) // 8 or 1) for at in (1, 5)]
        return np.array([[picture[row, column].mean((0, 1)) for column in columns] for row in rows])


def assert_colors(
    seen: Seen, expected: np.ndarray = COLORS, *, within: float, frame: int = 0
) -> None:
    """Check the colour of each quarter, in steps of 255."""
    found = seen.quarters(frame)
    worst = np.abs(found - expected).max()
    assert worst <= within, f"off by {worst:.1f}:\n{found.round(1)}\nnot\n{expected.round(1)}"
