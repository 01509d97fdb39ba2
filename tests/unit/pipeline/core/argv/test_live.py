from fractions import Fraction

from pipeline.core.argv.live import Start, picture_argv, sound_argv
from pipeline.core.live import plan
from pipeline.core.live.plan import facts_of
from pipeline.core.live.shape import AudioShape, Shape, VideoShape
from schemas.profile import Profile, Rung

PROFILE = Profile(
    name="p",
    ladder=(
        Rung(name="180p", height_px=180, bitrate_bps=400_000),
        Rung(name="90p", height_px=90, bitrate_bps=150_000),
    ),
)
VIDEO = VideoShape("h264", b"c", 320, 180, Fraction(30000, 1001), 500_000, is_fit=True)
MP3 = AudioShape("mp3", b"", 44_100, 2, is_fit=False)
SHAPE = Shape(VIDEO, MP3)

INPUT = [
    *("-f", "flv", "-analyzeduration", "500000", "-fpsprobesize", "0"),
    *("-max_pixels", "33177600", "-noautorotate", "-protocol_whitelist", "file,pipe"),
]
COLORS = "color_primaries=smpte170m:color_trc=smpte170m:colorspace=smpte170m"
SCALED = (
    f"[0:v:0]setparams={COLORS}[s0];[s0]sidedata=mode=delete[s1];"
    "[s1]scale=h=90:out_range=tv:w=160[s2];[s2]setsar=1[s3];[s3]format=yuv420p[s4];"
    f"[s4]setparams={COLORS}:range=tv[s5]"
)


def argv(*, must_encode: bool, at_s: Fraction = Fraction(0)) -> list[str]:
    whole = plan.plan(SHAPE, PROFILE)
    part = plan.part(whole, SHAPE, must_encode=must_encode)
    return picture_argv(part, facts_of(VIDEO), Start(at_s), threads=2)


def output(name: str, keyframes: str, bitrate_bps: int, *times: str, g: int) -> list[str]:
    return [
        *("-f", "hls", "-bf", "2", "-bufsize", str(2 * bitrate_bps), "-c:v", "libx264"),
        *("-crf", "23", *times, "-fflags", "+bitexact", "-flags", "+cgop"),
        *("-flush_packets", "1", "-force_key_frames", keyframes, "-fps_mode", "passthrough"),
        *("-g", str(g), "-hls_flags", "temp_file", "-hls_fmp4_init_filename", "init.mp4"),
        *("-hls_list_size", "2", "-hls_segment_filename", f"{name}/%07d.m4s"),
        *("-hls_segment_options", "movflags=+frag_discont", "-hls_segment_type", "fmp4"),
        *("-hls_time", "0.1", "-map_metadata", "-1", "-maxrate", str(bitrate_bps)),
        *("-output_ts_offset", "10", "-preset", "veryfast", "-profile:v", "high"),
        *("-sc_threshold", "0", "-threads", "2", f"{name}/list.m3u8"),
    ]


def test_rungs_below_the_source_have_its_times_and_its_keyframes() -> None:
    assert argv(must_encode=False) == [
        *("-copyts", "-max_error_rate", "1", *INPUT),
        *("-reinit_filter", "0", "-threads", "2", "-i", "pipe:0", "-filter_complex"),
        SCALED,
        *("-map", "[s5]"),
        *output("90p", "source", 150_000, "-enc_time_base", "1:1000", g=240),
    ]


def test_rungs_of_their_own_lie_on_the_grid_of_the_clock() -> None:
    words = argv(must_encode=True)

    graph = words[words.index("-filter_complex") + 1]
    assert graph.startswith(
        "[0:v:0]settb=expr=1001/1920000[s0];[s0]fps=fps=30000/1001:start_time=0.000000[s1];"
    )
    first = words.index("[s8]")
    keyframes = "expr:gte(t+1001/120000,(0+n_forced)*2)"
    expected = output("180p", keyframes, 500_000, g=120)
    assert words[first + 1 : first + 1 + len(expected)] == expected
    # One thread for the small one.
    assert words[-2:] == ["1", "90p/list.m3u8"]


def test_a_part_begins_where_it_is_told_and_cuts_where_all_others_do() -> None:
    words = argv(must_encode=True, at_s=Fraction("7.2"))

    # Frame 216 of the grid is the first that is not too early.
    assert "start_time=7.207200" in words[words.index("-filter_complex") + 1]
    # The next whole segments are 8, 10, …; the encoder counts from its first frame.
    since = Fraction(216 * 1001, 30_000) + Fraction(1001, 120_000)
    assert words[words.index("-force_key_frames") + 1] == (
        f"expr:gte(t+{since.numerator}/{since.denominator},(4+n_forced)*2)"
    )


def test_a_first_segment_that_would_be_too_short_gets_the_next_ones_time() -> None:
    words = argv(must_encode=True, at_s=Fraction("7.9"))

    assert ",(5+n_forced)*2)" in words[words.index("-force_key_frames") + 1]


def test_sound_players_do_not_take_becomes_aac() -> None:
    audio = plan.plan(SHAPE, PROFILE).audios[0]

    assert sound_argv(audio, Start(Fraction("1.5"))) == [
        *("-copyts", "-max_error_rate", "1", *INPUT, "-i", "pipe:0", "-filter_complex"),
        "[0:a:0]aresample=48000:async=1:first_pts=72000:min_hard_comp=0.015[s0]",
        *("-map", "[s0]", "-f", "hls", "-ac", "2", "-b:a", "128000", "-c:a", "aac"),
        *("-fflags", "+bitexact", "-flush_packets", "1", "-hls_flags", "temp_file"),
        *("-hls_fmp4_init_filename", "init.mp4", "-hls_list_size", "2"),
        *("-hls_segment_filename", "audio/%07d.m4s"),
        *("-hls_segment_options", "movflags=+frag_discont", "-hls_segment_type", "fmp4"),
        *("-hls_time", "0.25", "-map_metadata", "-1", "-output_ts_offset", "10"),
        "audio/list.m3u8",
    ]
