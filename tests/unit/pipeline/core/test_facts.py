"""From ffprobe's words to facts: the cases no generated clip shows easily."""

from fractions import Fraction
from typing import Any

import pytest

from pipeline.core.cautions import Signs, cautions
from pipeline.core.damage import shortfall_s
from pipeline.core.errors import MediaDamaged, MediaUnsupported, NotMedia
from pipeline.core.facts import MOST_KEYFRAMES, Findings, facts, track_name
from pipeline.core.packets import PacketScan
from pipeline.core.streams import MOST_AUDIOS, Bounds, choose
from schemas.media import Crop

BOUNDS = Bounds(n_pixels=7680 * 4320, duration_s=43_200.0, n_streams=64)


def video(**changes: Any) -> dict[str, Any]:
    return {
        "index": 0,
        "codec_type": "video",
        "codec_name": "h264",
        "width": 720,
        "height": 576,
        "pix_fmt": "yuv420p",
        "time_base": "1/1000",
        "r_frame_rate": "25/1",
        "avg_frame_rate": "25/1",
        "disposition": {"default": 1},
        **changes,
    }


def audio(**changes: Any) -> dict[str, Any]:
    return {
        "index": 1,
        "codec_type": "audio",
        "codec_name": "aac",
        "channels": 2,
        "sample_rate": "48000",
        "time_base": "1/1000",
        "disposition": {"default": 1},
        **changes,
    }


def scanned(n: int = 100, *, first: int = 0, sound_first: int = 0) -> PacketScan:
    scan = PacketScan()
    for at in range(n):
        flags = b"K__" if at % 25 == 0 else b"___"
        scan.line(b"0,%d,%d,40,%s" % (first + at * 40, first + at * 40, flags))
        scan.line(b"1,%d,%d,40,K__" % (sound_first + at * 40, sound_first + at * 40))
    return scan


def found(*streams: dict[str, Any], scan: PacketScan | None = None, **changes: Any) -> Findings:
    described = {"streams": list(streams), "format": changes.pop("format", {})}
    values: dict[str, Any] = {
        "described": described,
        "chosen": choose(described, BOUNDS),
        "scan": scan or scanned(),
        "is_whole": True,
        "container": "mov",
        "size_bytes": 1000,
        "is_seekable": True,
        **changes,
    }
    return Findings(**values)


def test_zero_is_the_earliest_start_of_the_used_tracks() -> None:
    stated = facts(found(video(), audio(), scan=scanned(first=1400, sound_first=1300)))

    assert stated.start_s == Fraction(13, 10)
    assert stated.duration_s == Fraction(41, 10)
    assert stated.video is not None
    assert stated.video.duration_s == 4


#: Turned right by a quarter, as ffprobe prints it.
MATRIX = "\n00000000: 0 65536 0\n00000001: -65536 0 0\n00000002: 0 0 1073741824\n"


def test_deep_anamorphic_interlaced_pictures_are_stated() -> None:
    stream = video(
        sample_aspect_ratio="64:45",
        field_order="tt",
        pix_fmt="yuv422p10le",
        color_transfer="smpte2084",
        color_space="unknown",
        side_data_list=[{"side_data_type": "Display Matrix", "displaymatrix": MATRIX}],
    )

    stated = facts(found(stream)).video

    assert stated is not None
    assert (stated.display_width_px, stated.display_height_px) == (576, 1024)
    assert stated.rotation_deg == 90
    assert stated.bit_depth == 10
    assert stated.is_interlaced
    assert stated.color_transfer == "smpte2084"
    assert stated.color_space is None


@pytest.mark.parametrize("aspect", ["1:1", "1:2"])
def test_separate_fields_are_stated_as_frames(aspect: str) -> None:
    cropped = {"side_data_type": "Frame Cropping", "crop_top": 2, "crop_right": 4}
    size = {"codec_name": "hevc", "width": 1920, "height": 540}
    stream = video(**size, sample_aspect_ratio=aspect, side_data_list=[cropped])
    flagged = [{"interlaced_frame": 1, "top_field_first": 1 - number % 2} for number in range(4)]
    whole = facts(found(video())).video

    stated = facts(found(stream, frames=flagged)).video

    assert stated is not None
    assert whole is not None
    assert (stated.width_px, stated.height_px, stated.sample_aspect_ratio) == (1920, 1080, 1)
    assert (stated.display_width_px, stated.display_height_px) == (1916, 1076)
    assert stated.crop == Crop(top_px=4, right_px=4)
    assert 2 * stated.frame_rate == whole.frame_rate


@pytest.mark.parametrize("aspect", ["0:1", "1:5000", "N/A", "1000:1"])
def test_a_nonsense_aspect_is_square(aspect: str) -> None:
    stated = facts(found(video(sample_aspect_ratio=aspect))).video

    assert stated is not None
    assert stated.sample_aspect_ratio == 1


def test_keyframes_of_a_long_source_are_a_sample() -> None:
    scan = PacketScan()
    for at in range(50_000):
        scan.line(b"0,%d,%d,40,K__" % (at * 40, at * 40))

    stated = facts(found(video(), scan=scan)).video

    assert stated is not None
    assert MOST_KEYFRAMES // 2 < len(stated.keyframes_s) <= MOST_KEYFRAMES
    assert stated.keyframes_s[0] == 0


def test_the_run_in_of_a_sound_encoder_is_not_heard() -> None:
    scan = scanned()
    late = PacketScan()
    late.line(b"1,-23,-23,23,K__,,1024")
    for at in range(100):
        late.line(b"1,%d,%d,23,K__,0" % (at * 23, at * 23))
    scan.tracks[1] = late.tracks[1]

    stated = facts(found(video(), audio(), scan=scan))

    assert stated.audios[0].start_s == Fraction(1024, 48_000) - Fraction(23, 1000)
    assert stated.audios[0].start_s + stated.audios[0].duration_s == Fraction(2300, 1000)
    assert stated.start_s == min(Fraction(0), stated.audios[0].start_s)


def test_what_an_edit_list_cuts_away_is_not_counted() -> None:
    scan = PacketScan()
    scan.line(b"0,-80,-80,40,KD_")
    for at in range(50):
        scan.line(b"0,%d,%d,40,K__" % (at * 40, at * 40))

    stated = facts(found(video(), scan=scan)).video

    assert stated is not None
    assert stated.n_frames == 50
    assert stated.start_s == 0


def test_a_picture_without_packets_is_damage() -> None:
    with pytest.raises(MediaDamaged, match="no packets"):
        facts(found(video(index=5)))


def test_the_cover_and_unknown_codecs_are_passed_over() -> None:
    cover = video(index=0, disposition={"attached_pic": 1})
    unknown = video(index=2)
    del unknown["codec_name"]

    chosen = choose({"streams": [cover, unknown, video(index=3), audio()], "format": {}}, BOUNDS)

    assert chosen.video is not None
    assert chosen.video["index"] == 3


def test_the_default_sound_is_used() -> None:
    other = audio(index=2, disposition={"default": 0}, channels=6)

    chosen = choose({"streams": [other, audio()], "format": {}}, BOUNDS)

    assert [sound["index"] for sound in chosen.audios] == [1, 2]
    assert chosen.other_audios == ()


def test_commentary_is_never_the_sound_to_begin_with() -> None:
    said = audio(index=1, disposition={"default": 1, "comment": 1})
    film = audio(index=2, disposition={"default": 0})

    chosen = choose({"streams": [video(), said, film], "format": {}}, BOUNDS)

    assert [sound["index"] for sound in chosen.audios] == [2, 1]


def test_of_more_sounds_than_are_carried_the_others_are_named() -> None:
    sounds = [audio(index=n, tags={"title": f"Take {n}"}) for n in range(1, 19)]

    chosen = choose({"streams": [video(), *sounds], "format": {}}, BOUNDS)

    assert len(chosen.audios) == MOST_AUDIOS
    assert [track_name(sound) for sound in chosen.other_audios] == ["17 (Take 17)", "18 (Take 18)"]


def test_nothing_usable_is_said_by_name() -> None:
    unknown = video()
    del unknown["codec_name"]

    with pytest.raises(NotMedia):
        choose({"streams": [], "format": {}}, BOUNDS)
    with pytest.raises(MediaUnsupported, match="unknown"):
        choose({"streams": [unknown, audio()], "format": {}}, BOUNDS)


@pytest.mark.parametrize(
    ("announced", "said", "container", "missing_s"),
    [
        ("4.000", "", "mov", 0),
        ("4.300", "partial file", "mov", 0),
        ("8.000", "", "mov", 4),
        ("8.000", "", "mpegts", 0),
    ],
)
def test_a_file_is_cut_when_it_ends_well_before_its_announced_end(
    announced: str, said: str, container: str, missing_s: int
) -> None:
    findings = found(video(), audio(), container=container, format={"duration": announced})

    assert shortfall_s(findings, said) == missing_s


@pytest.mark.parametrize("container", ["matroska", "flv"])
def test_a_late_start_is_no_loss_where_the_end_is_announced(container: str) -> None:
    late = scanned(first=6400, sound_first=6400)
    header = {"duration": "10.400", "start_time": "6.400"}

    def loss_in(name: str) -> float:
        findings = found(video(), audio(), scan=late, container=name, format=header)
        return float(shortfall_s(findings, ""))

    assert loss_in(container) == 0
    assert loss_in("mov") == pytest.approx(6.4)


def test_a_picture_cut_short_under_whole_sound_is_found_by_the_demuxers_words() -> None:
    findings = found(video(duration_ts=8000), audio(), format={"duration": "4.0"})

    assert shortfall_s(findings, "") == 0
    assert shortfall_s(findings, "stream 0, offset 0x2d0a9: partial file") == 4


def test_what_is_not_plain_is_warned_of() -> None:
    stated = facts(found(video(field_order="tt", color_transfer="arib-std-b67"), is_seekable=False))
    signs = Signs(other_audios=(), n_error_lines=3, n_damaged_packets=1, is_whole=True)

    codes = [warning.code for warning in cautions(stated, signs)]

    assert codes == [
        "media.damage",
        "media.hdr",
        "media.interlaced",
        "media.not_seekable",
        "media.no_audio",
    ]
