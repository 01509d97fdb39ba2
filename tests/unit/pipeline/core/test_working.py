"""Which sources are copied before they are worked on, why, and into what."""

from fractions import Fraction
from typing import Any

import pytest

from pipeline.core.facts import Findings, facts
from pipeline.core.packets import PacketScan
from pipeline.core.streams import Chosen
from pipeline.core.working import Remedy, is_faithful, remedy

VIDEO = {
    "index": 0,
    "codec_type": "video",
    "codec_name": "h264",
    "width": 320,
    "height": 180,
    "pix_fmt": "yuv420p",
    "time_base": "1/1000",
    "avg_frame_rate": "25/1",
}
AUDIO = {
    "index": 1,
    "codec_type": "audio",
    "codec_name": "aac",
    "channels": 2,
    "sample_rate": "48000",
    "time_base": "1/1000",
}


def scanned(*times: int, pts: bool = True, dts: bool = True) -> PacketScan:
    scan = PacketScan()
    for at in times or range(0, 4000, 40):
        shown, decoded = str(at) if pts else "N/A", str(at) if dts else "N/A"
        scan.line(f"0,{shown},{decoded},40,K__".encode())
        scan.line(f"1,{at},{at},40,K__".encode())
    return scan


def found(
    scan: PacketScan | None = None,
    *,
    container: str = "mpegts",
    video: dict[str, Any] | None = VIDEO,
    audio: dict[str, Any] = AUDIO,
    is_whole: bool = True,
) -> Findings:
    return Findings(
        described={"streams": [each for each in (video, audio) if each]},
        chosen=Chosen(video, (audio,)),
        scan=scan or scanned(),
        is_whole=is_whole,
        container=container,
        size_bytes=1000,
        is_seekable=False,
    )


def wanted(source: Findings, *, is_seekable: bool = False) -> Remedy:
    result = remedy(source, is_seekable=is_seekable)
    assert result is not None
    return result


def test_a_good_source_is_worked_on_as_it_is() -> None:
    assert remedy(found(container="mov"), is_seekable=True) is None


def test_one_that_cannot_be_entered_exactly_is_copied() -> None:
    assert wanted(found()).reasons == ("mpegts cannot be entered exactly",)
    assert wanted(found()).muxers == ("mov", "matroska")


def test_what_is_not_at_home_in_quicktime_goes_to_matroska() -> None:
    assert wanted(found(audio=AUDIO | {"codec_name": "wmav2"})).muxers == ("matroska",)
    assert wanted(found(video=VIDEO | {"codec_name": "theora"})).muxers == ("matroska",)


def test_sound_alone_needs_no_copy_to_be_entered() -> None:
    assert remedy(found(video=None), is_seekable=False) is None


def test_jumps_are_a_reason_by_themselves() -> None:
    jumping = found(scanned(*range(1000, 2000, 40), *range(0, 1000, 40)), container="matroska")

    assert wanted(jumping, is_seekable=True).reasons == ("its clock jumps 1 times",)


def test_times_that_stumble_are_one_too() -> None:
    stumbling = found(scanned(0, 40, 80, 79, 120, 160), container="matroska")

    assert wanted(stumbling, is_seekable=True).reasons == ("some times go backwards",)
    assert wanted(stumbling).tracks[0].is_unordered


def test_a_raw_stream_is_counted() -> None:
    raw = wanted(found(scanned(pts=False, dts=False), container="h264"))

    assert raw.tracks[0].period_s == Fraction(1, 25)
    assert not raw.tracks[0].needs_pts


@pytest.mark.parametrize(("codec", "needs"), [("h264", True), ("mpeg4", False)])
def test_reordered_pictures_of_an_avi_are_put_into_order(codec: str, needs: bool) -> None:  # noqa: FBT001
    video = VIDEO | {"codec_name": codec, "has_b_frames": 2}

    track = wanted(found(scanned(pts=False), container="avi", video=video)).tracks[0]

    assert track.needs_pts is needs
    assert track.filters == (() if needs else ("mpeg4_unpack_bframes",))
    # The first picture is shown when the file begins, not when its decoder hands it out.
    assert track.shifts[0].add_s == -Fraction(2, 25)


def test_what_was_not_read_whole_is_not_copied() -> None:
    assert remedy(found(is_whole=False), is_seekable=False) is None


@pytest.mark.parametrize(
    ("times", "verdict"),
    [
        (range(0, 4000, 40), True),
        (range(0, 3960, 40), False),
        ([*range(0, 3960, 40), 3920], False),
    ],
)
def test_a_copy_that_lacks_a_picture_or_a_time_is_refused(
    times: range | list[int],
    verdict: bool,  # noqa: FBT001
) -> None:
    source = found()
    copy = found(scanned(*times), container="mov")

    assert is_faithful(copy, facts(copy), source, wanted(source)) is verdict


def test_a_copy_whose_made_up_times_have_no_beat_is_refused() -> None:
    raw = found(scanned(pts=False, dts=False), container="h264")
    uneven = [at + at // 400 * 23 for at in range(0, 4000, 40)]
    copy = found(scanned(*uneven), container="mov")

    assert not is_faithful(copy, facts(copy), raw, wanted(raw))
