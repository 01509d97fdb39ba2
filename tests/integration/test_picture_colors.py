"""Whatever colours a source means, its output shows: matrices, ranges, depths and alpha."""

from pathlib import Path

import numpy as np
import pytest

from schemas.profile import Profile, Rung
from tests.support.lavfi import make
from tests.support.pressed import Pressed
from tests.support.quadrants import COLORS, Seen, assert_colors, quadrants, yuv

PROFILE = Profile(
    name="colors",
    ladder=(Rung(name="1080p", height_px=1080, bitrate_bps=9_000_000),),
    preset="ultrafast",
    crf=4,
    segment_s=1,
)
FFV1 = ("-c:v", "ffv1")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "qp=8:log-level=error")
PRORES = ("-c:v", "prores_ks", "-profile:v")


def tagged(matrix: str, primaries: str, transfer: str) -> str:
    return f",setparams=colorspace={matrix}:color_primaries={primaries}:color_trc={transfer}"


def pressed(path: Path, folder: Path) -> Seen:
    made = Pressed(path, folder / "made", PROFILE)
    return Seen(made.join(made.top))


def tags(seen: Seen) -> tuple[str, str, str]:
    return (
        seen.stream["color_space"],
        seen.stream["color_primaries"],
        seen.stream["color_transfer"],
    )


@pytest.mark.parametrize(
    ("matrix", "primaries", "transfer"),
    [
        ("bt709", "bt709", "bt709"),
        ("smpte170m", "smpte170m", "smpte170m"),
        ("bt470bg", "bt470bg", "smpte170m"),
        ("bt2020nc", "bt2020", "bt2020-10"),
        ("bt709", "smpte432", "iec61966-2-1"),
    ],
)
def test_what_a_source_says_of_its_colors_is_kept(
    matrix: str, primaries: str, transfer: str, tmp_path: Path
) -> None:
    graph = yuv(matrix.replace("bt2020nc", "bt2020")) + tagged(matrix, primaries, transfer)
    path = make(tmp_path / "in.mp4", *quadrants(0.4), "-vf", graph, *H264)

    seen = pressed(path, tmp_path)

    assert tags(seen) == (matrix, primaries, transfer)
    assert seen.stream["pix_fmt"] == "yuv420p"
    assert_colors(seen, within=4)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("64x48", ("smpte170m", "smpte170m", "smpte170m")),
        ("72x576", ("bt470bg", "bt470bg", "smpte170m")),
        ("1280x72", ("bt709", "bt709", "bt709")),
    ],
)
def test_what_a_source_does_not_say_is_what_players_assume(
    size: str, expected: tuple[str, str, str], tmp_path: Path
) -> None:
    matrix = expected[0].replace("smpte170m", "bt601").replace("bt470bg", "bt601")
    bare = f"{yuv(matrix)},setparams=colorspace=unknown"
    path = make(tmp_path / "in.mp4", *quadrants(0.2, size=size), "-vf", bare, *H264)

    seen = pressed(path, tmp_path)

    assert tags(seen) == expected
    assert_colors(seen, within=4)


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("gbrp.mkv", (*FFV1, "-pix_fmt", "gbrp")),
        ("rgb.mkv", ("-c:v", "libx264rgb", "-preset", "ultrafast", "-qp", "0")),
        ("animation.mov", ("-c:v", "qtrle")),
        ("png.mov", ("-c:v", "png")),
        ("deep.mkv", (*FFV1, "-pix_fmt", "gbrp10le")),
    ],
)
def test_rgb_becomes_bt709(name: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    seen = pressed(make(tmp_path / name, *quadrants(0.4), *flags), tmp_path)

    assert tags(seen)[0] == "bt709"
    assert_colors(seen, within=4)


@pytest.mark.parametrize(
    ("name", "form", "flags"),
    [
        ("422.mkv", "yuv422p", FFV1),
        ("444.mp4", "yuv444p", H264),
        ("444p10.mkv", "yuv444p10le", FFV1),
        ("main10.mp4", "yuv420p10le", (*HEVC, "-tag:v", "hvc1")),
        ("hi10.mkv", "yuv420p10le", H264),
        ("prores.mov", "yuv422p10le", (*PRORES, "3")),
        ("dnxhr.mov", "yuv422p", ("-c:v", "dnxhd", "-profile:v", "dnxhr_hq")),
        ("v210.mov", "yuv422p10le", ("-c:v", "v210")),
        ("411.avi", "yuv411p", ("-c:v", "mjpeg", "-q:v", "1", "-strict", "-1")),
        ("jpeg.avi", "yuvj422p", ("-c:v", "mjpeg", "-q:v", "1")),
    ],
)
def test_other_formats_become_8_bit_420(
    name: str, form: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    size = "256x128" if name == "dnxhr.mov" else "64x48"
    # JPEG means BT.601 in full range; all others say what they are.
    is_jpeg = flags[1] == "mjpeg"
    graph = yuv("bt601" if is_jpeg else "bt709", form=form, full=is_jpeg)
    graph += "" if is_jpeg else tagged("bt709", "bt709", "bt709")
    path = make(tmp_path / name, *quadrants(0.4, size=size), "-vf", graph, *flags)

    seen = pressed(path, tmp_path)

    assert (seen.stream["pix_fmt"], seen.stream["color_range"]) == ("yuv420p", "tv")
    assert_colors(seen, within=4)


@pytest.mark.parametrize("form", ["yuvj420p", "yuv420p", "yuv420p10le"])
def test_full_range_becomes_limited_to_the_level(form: str, tmp_path: Path) -> None:
    # Sixteen greys from black to white, 16 pixels wide each, in the source's own range.
    level, middle = ("floor(X/16)*17*1023/255", 512) if "10" in form else ("floor(X/16)*17", 128)
    drawn = f"geq=lum='{level}':cb={middle}:cr={middle},setparams=range=pc"
    source = ("-f", "lavfi", "-i", f"color=s=256x32:d=0.2,format={form},{drawn}")
    path = make(tmp_path / "in.mkv", *source, *H264, "-qp", "0", "-color_range", "pc")

    seen = pressed(path, tmp_path)

    luma, blue, red = seen.planes()
    for step in range(16):
        patch = luma[8:24, step * 16 + 4 : step * 16 + 12]
        assert abs(patch.mean() - (16 + step * 17 * 219 / 255)) <= 1
    assert np.abs(np.stack([blue, red]) - 128).max() <= 1
    assert seen.stream["color_range"] == "tv"


#: Quarters that are opaque, half there, a quarter there and not there at all.
ALPHA = np.array([[255, 128], [64, 0]])
ALPHA_GRAPH = "if(lt(Y,H/2),if(lt(X,W/2),255,128),if(lt(X,W/2),64,0))"


@pytest.mark.parametrize(
    ("name", "form", "flags"),
    [
        ("vp9.webm", "yuva420p", ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-b:v", "900k")),
        ("vp8.webm", "yuva420p", ("-c:v", "libvpx", "-auto-alt-ref", "0", "-b:v", "900k")),
        ("prores.mov", "yuva444p10le", (*PRORES, "4444")),
        ("animation.mov", "argb", ("-c:v", "qtrle")),
        ("png.mov", "rgba", ("-c:v", "png")),
        ("lossless.mkv", "yuva444p", FFV1),
        ("animation.apng", "rgba", ("-f", "apng", "-plays", "1")),
    ],
)
def test_transparent_pictures_are_put_on_black(
    name: str, form: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    colors = f"format=gbrap,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='{ALPHA_GRAPH}'"
    graph = f"{colors},{yuv('bt709', form=form)}"
    graph += tagged("bt709", "bt709", "bt709") if form.startswith("yuv") else ""
    path = make(tmp_path / name, *quadrants(0.4, size="128x96"), "-vf", graph, *flags)

    made = Pressed(path, tmp_path / "made", PROFILE)

    assert made.facts.video is not None
    assert made.facts.video.has_alpha
    expected = COLORS * ALPHA[..., None] / 255
    assert_colors(Seen(made.join(made.top)), expected, within=5, frame=9)


def test_an_animation_with_holes_is_put_on_black(tmp_path: Path) -> None:
    colors = f"format=gbrap,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='{ALPHA_GRAPH}'"
    palette = "split[a][b];[a]palettegen[p];[b][p]paletteuse=alpha_threshold=100:dither=none"
    graph = f"{colors},format=bgra,{palette}"
    path = make(tmp_path / "in.gif", *quadrants(0.4, size="128x96"), "-vf", graph)

    made = Pressed(path, tmp_path / "made", PROFILE)

    # There or not there is all that a GIF knows.
    expected = COLORS * (ALPHA >= 100)[..., None]
    assert_colors(Seen(made.join(made.top)), expected, within=6, frame=5)
