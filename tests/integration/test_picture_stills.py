"""Posters and tiles show what the renditions show: upright, cropped, whole, in true colours."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from schemas.tasks import ProbeParams, ThumbnailsParams
from tests.support.boxed import with_clean_aperture, with_matrix
from tests.support.folder_bench import FolderBench, source_ref
from tests.support.lavfi import make
from tests.support.quadrants import COLORS, Seen, assert_colors, quadrants, yuv
from tests.support.sweep import places, read_places, sweeping
from workers.steps import probe, thumbnails

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "6", "-g", "25")
BT709 = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709"


def turned(folder: Path) -> Path:
    flat = make(
        folder / "flat.mp4", *quadrants(2, size="96x64"), "-vf", f"{yuv('bt709')},{BT709}", *X264
    )
    return with_matrix(flat, folder / "turned.mp4", (0, 1, 1, 0))


def cropped(folder: Path) -> Path:
    graph = f"{yuv('bt709')},{BT709},pad=iw+32:ih+32:8:24:white"
    flat = make(folder / "flat.mov", *quadrants(2, size="96x64"), "-vf", graph, *X264)
    return with_clean_aperture(flat, folder / "crop.mov", size_px=(96, 64), off_px=(-8, 8))


def untagged_hd(folder: Path) -> Path:
    graph = f"{yuv('bt709')},setparams=colorspace=unknown"
    return make(folder / "hd.mp4", *quadrants(2, size="1280x72"), "-vf", graph, *X264)


def wide_gamut(folder: Path) -> Path:
    tags = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=bt2020-10"
    return make(folder / "w.mp4", *quadrants(2), "-vf", f"{yuv('bt2020')},{tags}", *X264)


def rgb(folder: Path) -> Path:
    return make(folder / "rgb.mov", *quadrants(2), "-c:v", "qtrle")


def half_transparent(folder: Path) -> Path:
    graph = "format=argb,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a=128"
    return make(folder / "half.mov", *quadrants(2), "-vf", graph, "-c:v", "qtrle")


SOURCES: dict[str, tuple[Callable[[Path], Path], np.ndarray]] = {
    # (x, y) is shown at (y, x).
    "mirrored on a diagonal": (turned, COLORS.transpose(1, 0, 2)),
    "cropped": (cropped, COLORS),
    "HD that says nothing": (untagged_hd, COLORS),
    "BT.2020": (wide_gamut, COLORS),
    "RGB": (rgb, COLORS),
    "half transparent": (half_transparent, COLORS * 128 / 255),
}


def stills(path: Path, bench: FolderBench) -> tuple[Path, Path]:
    source = source_ref(path)
    facts = probe.run(ProbeParams(source=source), bench).facts
    params = ThumbnailsParams(source=source, facts=facts, count=1, storyboard_interval_s=1)
    result = thumbnails.run(params, bench)
    return bench.file(result.posters[0].key), bench.file(result.sprite_keys[0])


@pytest.mark.parametrize("kind", SOURCES)
def test_stills_show_what_a_viewer_sees(kind: str, tmp_path: Path) -> None:
    source, expected = SOURCES[kind]

    poster, sprite = stills(source(tmp_path), FolderBench(tmp_path / "bench"))

    assert_colors(Seen(poster), expected, within=8)
    # Two tiles lie side by side.
    tiles = Seen(sprite).rgb()
    height, width = tiles.shape[0], tiles.shape[1] // 2
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        middle = tiles[(4 * row + 1) * height // 8 :, (4 * column + 1) * width // 8 :]
        seen = middle[: max(1, height // 4), : width // 4].mean((0, 1))
        assert np.abs(seen - expected[row, column]).max() <= 12


#: How fields are coded: in frames, or one by one.
WOVEN = ("-flags", "+ilme+ildct", "-x264-params", "tff=1", *X264)
APART = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:interlace=tff")


@pytest.mark.parametrize(("coded", "gop"), [(WOVEN, 25), (WOVEN, 500), (APART, 50), (APART, 500)])
def test_stills_of_fields_show_one_instant(
    coded: tuple[str, ...], gop: int, tmp_path: Path
) -> None:
    separate = ",separatefields" if coded is APART else ""
    graph = f"tinterlace=interleave_top,setfield=tff{separate}"
    flags = ("-vf", graph, *coded, "-g", str(gop))
    path = make(tmp_path / "woven.mp4", *sweeping(2, "50"), *flags)

    poster, sprite = stills(path, FolderBench(tmp_path / "bench"))

    assert -1 not in read_places(Seen(poster).planes()[:1])
    luma = Seen(sprite).planes()[0]
    tiles = np.stack(np.split(luma, 2, axis=1)).repeat(6, 2)
    # The first field of each second: whichever way it was decoded.
    assert read_places(tiles) == places(0, 100, 50)
