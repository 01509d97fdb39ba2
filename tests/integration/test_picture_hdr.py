"""HDR is brought down or kept, and the output says so in every place a player looks."""

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pipeline.core import dash, hls
from pipeline.core.errors import EncoderUnavailable, MediaUnsupported
from schemas.media import ContentLight
from schemas.profile import Profile, Rung
from schemas.tasks import ProbeParams
from schemas.timeline import RenditionTimeline, Timeline, TimelineSegment
from schemas.vocabulary import AssetId, DynamicRange, JobId, Medium, VideoCodec, VideoRange
from tests.support.boxed import with_entry_box
from tests.support.folder_bench import FolderBench, source_ref, tools
from tests.support.lavfi import make
from tests.support.pressed import Pressed, assert_on_grid
from tests.support.proven import ProvenAsset, failed
from tests.support.quadrants import Seen
from workers.steps import probe

SCREEN = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
#: Light of the patches in cd/m², dark to bright.
LIGHT = (0.5, 5, 26, 100, 203, 400, 700, 1000)
PATCH_PX = 24
SDR = Profile(
    name="hdr",
    ladder=(Rung(name="1080p", height_px=1080, bitrate_bps=4_000_000),),
    preset="ultrafast",
    crf=6,
    segment_s=1,
    first_chunk_segments=1,
    # Below what the schema allows, so that a short clip has a seam.
).model_copy(update={"chunk_s": 1})
KEEP = SDR.model_copy(update={"dynamic_range": DynamicRange.KEEP, "video_codec": VideoCodec.HEVC})


def pq(light: float) -> float:
    """SMPTE ST 2084: the signal, 0–1, of a light in cd/m²."""
    y = (light / 10_000) ** (1305 / 8192)
    return ((3424 / 4096 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32)


def hlg(light: float) -> float:
    """BT.2100: the signal, 0–1, that a screen of 1000 cd/m² shows as a light (gamma 1.2)."""
    scene = (light / 1000) ** (1 / 1.2)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return (3 * scene) ** 0.5 if scene <= 1 / 12 else a * np.log(12 * scene - b) + c


def patches(path: Path, transfer: str, *flags: str) -> Path:
    """Make grey patches of known light, side by side, as ten-bit HEVC."""
    signal = pq if transfer == "smpte2084" else hlg
    steps = "+".join(
        f"eq(floor(X/{PATCH_PX}),{place})*{round(64 + 876 * signal(light))}"
        for place, light in enumerate(LIGHT)
    )
    size = f"{PATCH_PX * len(LIGHT)}x64"
    drawn = f"color=s={size}:r=25:d=2.4,format=yuv420p10le,geq=lum='{steps}':cb=512:cr=512"
    tags = f"setparams=color_trc={transfer}:color_primaries=bt2020:colorspace=bt2020nc:range=tv"
    said = f"log-level=error:qp=4:keyint=12:{':'.join(flags)}".rstrip(":")
    x265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", said, "-tag:v", "hvc1")
    return make(path, "-f", "lavfi", "-i", f"{drawn},{tags}", *x265)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hdr")


@pytest.fixture(scope="module")
def hdr10(folder: Path) -> Path:
    return patches(
        folder / "hdr10.mp4", "smpte2084", f"master-display={SCREEN}", "max-cll=1000,400"
    )


@pytest.fixture(scope="module")
def hlg_clip(folder: Path) -> Path:
    return patches(folder / "hlg.mp4", "arib-std-b67")


def levels(seen: Seen, frame: int = 0) -> np.ndarray:
    """Mean colour of each patch: patch × RGB."""
    picture = seen.rgb(frame)[8:-8]
    edge = PATCH_PX // 4
    starts = range(0, picture.shape[1], PATCH_PX)
    return np.array([picture[:, at + edge : at + PATCH_PX - edge].mean((0, 1)) for at in starts])


def tone_mapped(light: float, peak: float) -> float:
    """Hable's curve over light in units of 100 cd/m², then the screen's gamma; 0–255.

    Source: J. Hable, Filmic Tonemapping Operators, 2010; ITU-R BT.1886.
    """

    def hable(x: float) -> float:
        a, b, c, d, e, f = 0.15, 0.50, 0.10, 0.20, 0.02, 0.30
        return (x * (x * a + b * c) + d * e) / (x * (x * a + b) + d * f) - e / f

    return float(255 * (hable(light / 100) / hable(peak / 100)) ** (1 / 2.4))


def test_hdr10_is_brought_down_along_the_curve(hdr10: Path, tmp_path: Path) -> None:
    made = Pressed(hdr10, tmp_path / "made", SDR)

    assert len(made.plan.chunks) == 2
    assert_on_grid(made)
    seen = Seen(made.join(made.top))
    expected = np.array([tone_mapped(light, 1000) for light in LIGHT])
    for frame in (0, 59):
        found = levels(seen, frame)
        # Grey stays grey, and every light lands where the curve puts it.
        assert np.ptp(found, axis=1).max() <= 3
        assert np.abs(found.mean(1) - expected).max() <= 3
    names = ("color_space", "color_primaries", "color_transfer", "color_range", "pix_fmt")
    assert [seen.stream[name] for name in names] == ["bt709", "bt709", "bt709", "tv", "yuv420p"]
    # Nothing is left that would make a screen switch to HDR.
    assert "side_data_list" not in seen.stream
    assert [warning.code for warning in made.plan.warnings] == [
        *("media.hdr", "media.no_audio", "plan.tone_mapped")
    ]


def test_hlg_is_brought_down_too(hlg_clip: Path, tmp_path: Path) -> None:
    made = Pressed(hlg_clip, tmp_path / "made", SDR)

    found = levels(Seen(made.join(made.top)))
    assert np.ptp(found, axis=1).max() <= 3
    assert (np.diff(found.mean(1)) > 5).all()
    assert 90 < found[3].mean() < 170
    assert found[-1].mean() > 235


@pytest.mark.parametrize(
    ("codec", "transfer", "codecs"),
    [
        (VideoCodec.HEVC, "smpte2084", "hvc1.2.4.L30.90"),
        (VideoCodec.HEVC, "arib-std-b67", "hvc1.2.4.L30.90"),
        (VideoCodec.AV1, "smpte2084", "av01.0.00M.10.0.110.09.16.09.0"),
    ],
)
def test_kept_hdr_is_deep_tagged_and_announced(
    codec: VideoCodec, transfer: str, codecs: str, hdr10: Path, hlg_clip: Path, tmp_path: Path
) -> None:
    source = hdr10 if transfer == "smpte2084" else hlg_clip
    expected = VideoRange.PQ if transfer == "smpte2084" else VideoRange.HLG

    made = Pressed(source, tmp_path / "made", KEEP.model_copy(update={"video_codec": codec}))

    assert_on_grid(made)
    assert len(made.plan.chunks) == 2
    seen = Seen(made.join(made.top))
    names = ("color_space", "color_primaries", "color_transfer", "color_range", "pix_fmt")
    found = [seen.stream[name] for name in names]
    assert found == ["bt2020nc", "bt2020", transfer, "tv", "yuv420p10le"]
    # The signal is the source's, to a level of 255.
    signal = pq if transfer == "smpte2084" else hlg
    wanted = np.array([255 * signal(light) for light in LIGHT])
    assert np.abs(levels(seen, 59).mean(1) - wanted).max() <= 2
    made_rendition = made.results[0].renditions[0]
    assert made_rendition.codecs == codecs
    if transfer == "smpte2084":
        assert made.facts.video is not None
        assert made.facts.video.content_light == ContentLight(most=1000, most_average=400)
        notes = {note["side_data_type"]: note for note in seen.stream["side_data_list"]}
        screen = notes["Mastering display metadata"]
        assert Fraction(screen["max_luminance"]) == 1000
        assert float(Fraction(screen["green_x"])) == pytest.approx(0.265, abs=1e-4)
        light = notes["Content light level metadata"]
        assert (light["max_content"], light["max_average"]) == (1000, 400)
    assert_announced(made, codecs, expected)


def test_a_whole_asset_in_hdr_says_so_and_is_proven(hdr10: Path, tmp_path: Path) -> None:
    asset = ProvenAsset(hdr10, tmp_path, KEEP.model_copy(update={"chunk_s": 4}))

    try:
        assert asset.timeline.renditions[0].video_range is VideoRange.PQ
        master = hls.master(asset.timeline, is_whole=True)
        assert "VIDEO-RANGE=PQ" in master
        assert 'CODECS="hvc1.2.4.' in master
        assert failed(asset.prove()) == {}
    finally:
        asset.pipeline.close()


def assert_announced(made: Pressed, codecs: str, expected: VideoRange) -> None:
    segment = TimelineSegment(
        index=0, duration_s=Fraction(1), size_bytes=9000, key="k", init_key="i", init_sha256="0"
    )
    rendition = RenditionTimeline(
        name=made.top,
        medium=Medium.VIDEO,
        codecs=codecs,
        bitrate_bps=4_000_000,
        video_range=made.plan.rungs[0].video_range,
        segments=(segment,),
    )
    timeline = Timeline(
        asset_id=AssetId("a1"),
        job_id=JobId("j1"),
        duration_s=Fraction(1),
        segment_s=1,
        is_ended=True,
        renditions=(rendition,),
    )
    assert f'CODECS="{codecs}",VIDEO-RANGE={expected}' in hls.master(timeline)
    point = {VideoRange.PQ: 16, VideoRange.HLG: 18}[expected]
    assert f'cicp:TransferCharacteristics" value="{point}"' in dash.manifest(timeline)


def test_hdr_stays_hdr_where_it_cannot_be_brought_down(hdr10: Path, tmp_path: Path) -> None:
    poor = tools(can_tone_map=False)

    made = Pressed(hdr10, tmp_path / "made", SDR, with_tools=poor)

    seen = Seen(made.join(made.top))
    assert seen.stream["color_transfer"] == "smpte2084"
    assert seen.stream["pix_fmt"] == "yuv420p"
    wanted = np.array([255 * pq(light) for light in LIGHT])
    assert np.abs(levels(seen).mean(1) - wanted).max() <= 2
    assert "plan.not_tone_mapped" in [warning.code for warning in made.plan.warnings]


def test_a_box_that_cannot_bring_hdr_down_leaves_it_to_others(hdr10: Path, tmp_path: Path) -> None:
    made = Pressed(hdr10, tmp_path / "made", SDR)
    made._tools = tools(can_tone_map=False)
    task = next(task for task in made._tasks() if task.params.kind == "encode")

    with pytest.raises(EncoderUnavailable):
        made._run(task, made.bench("poor"))


def with_dolby_vision(source: Path, target: Path, profile: int, compatibility: int) -> Path:
    """Add the configuration record of Dolby Vision: version 1.0, level 1, base layer and RPU."""
    packed = profile << 9 | 1 << 3 | 0b101
    body = struct.pack(">BBHB19x", 1, 0, packed, compatibility << 4)
    return with_entry_box(source, target, b"hvc1", b"dvvC" if profile > 7 else b"dvcC", body)


def test_dolby_vision_with_a_base_layer_is_shown_as_that(hdr10: Path, tmp_path: Path) -> None:
    source = with_dolby_vision(hdr10, tmp_path / "dv.mp4", 8, 1)

    made = Pressed(source, tmp_path / "made", SDR)

    assert made.facts.video is not None
    assert made.facts.video.dolby_vision_profile == 8
    assert "media.dolby_vision" in [warning.code for warning in made.plan.warnings]
    seen = Seen(made.join(made.top))
    expected = np.array([tone_mapped(light, 1000) for light in LIGHT])
    assert np.abs(levels(seen).mean(1) - expected).max() <= 3


def test_dolby_vision_without_one_is_refused(hdr10: Path, tmp_path: Path) -> None:
    source = with_dolby_vision(hdr10, tmp_path / "dv5.mp4", 5, 0)

    with pytest.raises(MediaUnsupported) as caught:
        probe.run(ProbeParams(source=source_ref(source)), FolderBench(tmp_path / "bench"))

    assert caught.value.instance_code == "media.dolby_vision"
    assert not caught.value.retryable
