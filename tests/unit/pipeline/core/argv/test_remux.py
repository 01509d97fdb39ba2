from fractions import Fraction

from pipeline.core.argv.remux import TrackCopy, draw_argv, remux_argv
from pipeline.core.argv.source import input_flags
from pipeline.core.mending import Shift

TICK = Fraction(1, 90_000)


def copied(*tracks: TrackCopy) -> list[str]:
    return remux_argv("/cache/abc", "working.mov", demuxer="mpegts", muxer="mov", tracks=tracks)


def filters(track: TrackCopy) -> str:
    words = copied(track)
    return words[words.index("-bsf:0") + 1]


def picture(**changes: object) -> TrackCopy:
    values = {"index": 1, "is_video": True, "base": TICK, "shifts": (Shift(0, Fraction(-1)),)}
    return TrackCopy(**(values | changes))  # type: ignore[arg-type]  # named values of a test


def test_a_copy_keeps_ffmpegs_own_repair_out_of_it() -> None:
    sound = TrackCopy(2, False, TICK, (Shift(0, Fraction(-1)), Shift(40, Fraction(3))))

    assert copied(picture(), sound) == [
        *input_flags(),
        *("-f", "mpegts", "-analyzeduration", "15000000", "-probesize", "30000000"),
        *("-fflags", "+genpts"),
        *("-dts_delta_threshold", "1e12", "-dts_error_threshold", "1e12"),
        *("-copyts", "-i", "file:/cache/abc", "-map", "0:1", "-map", "0:2"),
        *("-c", "copy", "-copyinkf"),
        *("-bsf:0", "setts=dts='DTS-90000':pts='PTS-90000'"),
        "-bsf:1",
        "setts=dts='DTS-90000+360000*gte(N,40)':pts='PTS-90000+360000*gte(N,40)'",
        *("-avoid_negative_ts", "disabled", "-f", "mov", "working.mov"),
    ]


def test_good_times_are_left_alone() -> None:
    assert "-bsf:0" not in copied(picture(shifts=(Shift(0, Fraction(0)),)))


def test_times_that_go_back_are_pushed_on() -> None:
    assert filters(picture(shifts=(), is_unordered=True)) == (
        "setts=dts='max(DTS,PREV_OUTDTS+1)':pts='max(PTS,max(DTS,PREV_OUTDTS+1))'"
    )


def test_pictures_without_times_are_counted_and_put_into_order() -> None:
    raw = picture(base=Fraction(1, 1_200_000), period_s=Fraction(1001, 30_000), shifts=())

    assert filters(raw) == ("setts=dts=round(N*40040.000000000):pts=round(N*40040.000000000)")
    assert filters(picture(shifts=(), needs_pts=True)) == "setts=dts=DTS:pts=NOPTS,dts2pts"


def test_packets_are_mended_before_they_are_timed() -> None:
    packed = picture(filters=("mpeg4_unpack_bframes",))

    assert filters(packed) == "mpeg4_unpack_bframes,setts=dts='DTS-90000':pts='PTS-90000'"


def test_pictures_are_drawn_anew_whole_and_each_at_its_time() -> None:
    assert draw_argv("/cache/abc", "drawn.mkv", demuxer="webp_anim", max_pixels=1000) == [
        *input_flags(max_pixels=1000),
        *("-f", "webp_anim", "-i", "file:/cache/abc", "-map", "0:v:0"),
        *("-fps_mode", "passthrough", "-c:v", "ffv1", "-g", "1", "-f", "matroska", "drawn.mkv"),
    ]
