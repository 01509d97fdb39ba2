import re
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.argv.encode import chunk_argv, seek_target_s
from pipeline.core.argv.source import FORMATS
from pipeline.core.argv.watermark import placed
from pipeline.core.errors import EncoderUnavailable
from schemas.media import ContentLight, Crop, MasteringDisplay, MediaFacts
from schemas.plan import ChunkPlan, Grid, RungPlan
from schemas.tasks import EncodeParams, SourceRef
from schemas.vocabulary import AssetId, Deinterlace, Place, VideoCodec, VideoRange
from schemas.watermark import WatermarkPlan
from tests.support.sources import media_facts, video_facts

SOURCE = SourceRef(asset_id=AssetId("a1"), key="k", size_bytes=1, sha256="0" * 64)
RUNGS = (
    RungPlan(
        name="720p",
        codec=VideoCodec.H264,
        width_px=1280,
        height_px=720,
        bitrate_bps=2_500_000,
        crf=23,
    ),
    RungPlan(
        name="360p",
        codec=VideoCodec.H264,
        width_px=640,
        height_px=360,
        bitrate_bps=800_000,
        crf=23,
    ),
)
GRID = Grid(
    frame_rate=Fraction(30000, 1001),
    n_frames=1798,
    segment_frames=120,
    source_start_s=Fraction("6.4"),
)
MIDDLE = ChunkPlan(index=1, first_frame=240, end_frame=1200)
TAGS = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709"
GRAPH = (
    "[0:0]settb=expr=1001/1920000[s0]",
    "[s0]setpts=expr=PTS-(12276)[s1]",
    "[s1]fps=fps=30000/1001:start_time=8.008000[s2]",
    f"[s2]{TAGS}[s3]",
    "[s3]sidedata=mode=delete[s4]",
    "[s4]scale=h=720:out_range=tv:w=1280[s5]",
    "[s5]setsar=1[s6]",
    "[s6]format=yuv420p[s7]",
    f"[s7]{TAGS}:range=tv[s8]",
    "[s8]split=2[s9][s10]",
    "[s10]scale=flags=lanczos:h=360:out_range=tv:w=640[s11]",
    "[s11]setsar=1[s12]",
    "[s12]format=yuv420p[s13]",
    f"[s13]{TAGS}:range=tv[s14]",
)
LAST = ChunkPlan(index=2, first_frame=1200, end_frame=1798)


def params(
    facts: MediaFacts | None = None,
    chunk: ChunkPlan = MIDDLE,
    rungs: tuple[RungPlan, ...] = RUNGS,
) -> EncodeParams:
    return EncodeParams(
        source=SOURCE,
        facts=facts or media_facts(late_video()),
        grid=GRID,
        rungs=rungs,
        chunk=chunk,
        preset="veryfast",
    )


def late_video(**changes: Any) -> Any:
    keyframes_s = tuple(6.4 + number * 2 for number in range(30))
    return video_facts(**({"start_s": Fraction("6.4"), "keyframes_s": keyframes_s} | changes))


def argv(params: EncodeParams, encoder: str = "libx264") -> list[str]:
    return chunk_argv(params, source="/cache/0123", encoder=encoder, threads=2)


def graph(params: EncodeParams, encoder: str = "libx264") -> list[str]:
    words = argv(params, encoder)
    return words[words.index("-filter_complex") + 1].split(";")


def test_a_chunk_is_one_decode_and_all_rungs() -> None:
    assert argv(params()) == [
        "-copyts",
        *("-max_error_rate", "1"),
        *("-f", "mov"),
        *("-format_whitelist", FORMATS),
        *("-max_pixels", "33177600"),
        *("-max_streams", "64"),
        "-noaccurate_seek",
        "-noautorotate",
        *("-protocol_whitelist", "file,pipe"),
        *("-reinit_filter", "0"),
        *("-seek_timestamp", "1"),
        *("-ss", "14.416342"),
        *("-threads", "2"),
        *("-i", "file:/cache/0123"),
        "-filter_complex",
        ";".join(GRAPH),
        *output("[s9]", "720p", 2_500_000, threads=2),
        *output("[s14]", "360p", 800_000, threads=1),
    ]


def output(stream: str, rung: str, bitrate_bps: int, *, threads: int) -> list[str]:
    return [
        *("-map", stream),
        *("-f", "hls"),
        *("-bf", "2"),
        *("-bufsize", str(2 * bitrate_bps)),
        *("-c:v", "libx264"),
        *("-crf", "23"),
        *("-fflags", "+bitexact"),
        *("-flags", "+cgop"),
        *("-force_key_frames", "expr:gte(t,(240+n_forced*120-0.25)*1001/30000)"),
        *("-fps_mode", "passthrough"),
        *("-frames:v", "960"),
        *("-g", "120"),
        *("-hls_fmp4_init_filename", "init.mp4"),
        *("-hls_list_size", "0"),
        *("-hls_playlist_type", "vod"),
        *("-hls_segment_filename", f"{rung}/%05d.m4s"),
        *("-hls_segment_options", "movflags=+frag_discont"),
        *("-hls_segment_type", "fmp4"),
        *("-hls_time", "0.1"),
        *("-map_chapters", "-1"),
        *("-map_metadata", "-1"),
        *("-maxrate", str(bitrate_bps)),
        *("-output_ts_offset", "10"),
        *("-preset", "veryfast"),
        *("-profile:v", "high"),
        *("-rc_init_occupancy", str(bitrate_bps)),
        *("-sc_threshold", "0"),
        *("-start_number", "2"),
        *("-threads", str(threads)),
        f"{rung}/list.m3u8",
    ]


def test_the_first_chunk_is_read_from_the_start() -> None:
    words = argv(params(chunk=ChunkPlan(index=0, first_frame=0, end_frame=240)))

    assert "-ss" not in words
    assert "-noaccurate_seek" not in words


def test_only_the_last_chunk_holds_its_last_frame() -> None:
    assert "tpad=stop=30:stop_mode=clone" in graph(params(chunk=LAST))[3]
    assert not any("tpad" in each for each in graph(params()))


def test_frames_of_a_halved_rate_stand_off_the_middle_between_grid_points() -> None:
    twice = video_facts(frame_rate=Fraction(60_000, 1001), start_s=Fraction("6.4"))

    # A quarter of a grid frame later: 16 of 64 ticks.
    assert "[s0]setpts=expr=PTS-(12260)[s1]" in graph(params(media_facts(twice)))


def test_a_rung_of_the_sources_size_is_scaled_from_as_the_source_would_be() -> None:
    found = graph(params(media_facts(late_video(display_width_px=1280, display_height_px=720))))

    assert "[s10]scale=h=360:out_range=tv:w=640[s11]" in found


def test_a_single_rung_is_not_split() -> None:
    assert not any("split" in each for each in graph(params(rungs=RUNGS[:1])))


def test_interlaced_pictures_are_made_whole_first() -> None:
    top_first = late_video(is_interlaced=True, field_order="tff")

    found = graph(params(media_facts(top_first)))

    assert found[0] == "[0:0]bwdif=deint=all:mode=send_frame:parity=tff[s0]"


def test_each_field_becomes_a_picture_where_that_is_wished() -> None:
    mixed = late_video(is_interlaced=True, is_mixed_scan=True, frame_rate=Fraction(25))
    grid = GRID.model_copy(update={"frame_rate": Fraction(50)})
    wished = params(media_facts(mixed)).model_copy(
        update={"deinterlace": Deinterlace.FIELD, "grid": grid}
    )

    found = graph(wished)

    # Only some frames are interlaced, and which field comes first is told by each of them.
    assert found[0] == "[0:0]bwdif=deint=interlaced:mode=send_field[s0]"
    assert found[2] == "[s1]setpts=expr=PTS-(20480)[s2]"


def test_separate_fields_are_woven_before_anything_else() -> None:
    apart = {"is_interlaced": True, "has_separate_fields": True, "field_order": "bff"}
    wanted = "eq(interlace_type\\,if(ld(0)\\,TOPFIRST\\,BOTTOMFIRST))"

    found = graph(params(media_facts(late_video(**apart))))

    assert found[:5] == [
        f"[0:0]select=expr=if({wanted}\\,gte(st(0\\,1-ld(0))\\,0)\\,0)[s0]",
        "[s0]settb=expr=AVTB[s1]",
        "[s1]setpts=expr=if(mod(N\\,2)\\,ld(0)\\,st(0\\,PTS))[s2]",
        "[s2]weave=first_field=bottom[s3]",
        "[s3]bwdif=deint=all:mode=send_frame:parity=bff[s4]",
    ]


def test_film_is_taken_out_of_its_pulldown() -> None:
    film = late_video(is_interlaced=True, field_order="tff", telecine="hard")
    grid = GRID.model_copy(update={"frame_rate": Fraction(24000, 1001)})
    chunk = ChunkPlan(index=1, first_frame=192, end_frame=960)
    wished = params(media_facts(film), chunk=chunk).model_copy(update={"grid": grid})

    assert graph(wished)[:7] == [
        "[0:0]settb=expr=1001/1536000[s0]",
        "[s0]setpts=expr=PTS-(9821)[s1]",
        # Two cycles ahead of the chunk, and a whole number of them from the first picture on.
        "[s1]fps=fps=30000/1001:start_time=7.674333[s2]",
        "[s2]fieldmatch=combmatch=full:order=tff[s3]",
        "[s3]bwdif=deint=interlaced:mode=send_frame[s4]",
        "[s4]decimate=cycle=5[s5]",
        "[s5]fps=fps=24000/1001:start_time=8.008000[s6]",
    ]


@pytest.mark.parametrize(
    ("is_mirrored", "rotation_deg", "expected"),
    [
        (False, 90, ["transpose=dir=clock"]),
        (False, 180, ["hflip", "vflip"]),
        (False, 270, ["transpose=dir=cclock"]),
        (True, 0, ["hflip"]),
        (True, 90, ["transpose=dir=clock_flip"]),
        (True, 180, ["vflip"]),
        (True, 270, ["transpose=dir=cclock_flip"]),
    ],
)
def test_pictures_are_cropped_then_turned(
    *, is_mirrored: bool, rotation_deg: int, expected: list[str]
) -> None:
    crop = Crop(left_px=2, right_px=4, top_px=1, bottom_px=0)
    video = late_video(crop=crop, is_mirrored=is_mirrored, rotation_deg=rotation_deg)

    words = argv(params(media_facts(video)))

    found = words[words.index("-filter_complex") + 1].split(";")[3:]
    names = [each.split("]", 1)[1].rsplit("[", 1)[0] for each in found]
    assert names[: 1 + len(expected)] == ["crop=exact=1:h=ih-1:w=iw-6:x=2:y=1", *expected]
    assert words[words.index("-apply_cropping") + 1] == "codec"


def test_hdr_is_brought_down_once_for_all_rungs() -> None:
    hdr = late_video(color_transfer="smpte2084", color_primaries="bt2020", color_space="bt2020nc")

    found = graph(params(media_facts(hdr)))

    assert found[3:12] == [
        "[s2]scale=h=720:w=1280[s3]",
        "[s3]zscale=npl=100:transfer=linear[s4]",
        "[s4]format=gbrpf32le[s5]",
        "[s5]zscale=primaries=bt709[s6]",
        "[s6]tonemap=desat=0:peak=10:tonemap=hable[s7]",
        "[s7]zscale=matrix=bt709:range=tv:transfer=bt709[s8]",
        "[s8]format=yuv420p[s9]",
        "[s9]sidedata=mode=delete[s10]",
        "[s10]scale=h=720:out_range=tv:w=1280[s11]",
    ]
    assert sum(TAGS in each for each in found) == 2


def test_hdr_that_does_not_say_all_is_helped_out() -> None:
    hlg = late_video(color_transfer="arib-std-b67")

    found = graph(params(media_facts(hlg)))

    tags = "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc"
    assert found[3] == f"[s2]{tags}[s3]"


def test_kept_hdr_is_ten_bits_and_says_what_the_source_says_of_its_light() -> None:
    screen = MasteringDisplay(
        red=(Fraction("0.68"), Fraction("0.32")),
        green=(Fraction("0.265"), Fraction("0.69")),
        blue=(Fraction("0.15"), Fraction("0.06")),
        white=(Fraction("0.3127"), Fraction("0.329")),
        least_luminance=Fraction("0.0001"),
        most_luminance=Fraction(1000),
    )
    hdr = late_video(
        color_transfer="smpte2084",
        color_primaries="bt2020",
        color_space="bt2020nc",
        mastering_display=screen,
        content_light=ContentLight(most=900, most_average=300),
    )
    change = {"video_range": VideoRange.PQ, "bit_depth": 10}
    wished = params(media_facts(hdr), rungs=(RUNGS[0].model_copy(update=change),))

    words = argv(wished, "libx265")

    assert not any("zscale" in each for each in graph(wished, "libx265"))
    assert "[s9]format=yuv420p10le[s10]" in graph(wished, "libx265")
    assert graph(wished, "libx265")[-1].startswith(
        "[s10]setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv"
    )
    assert words[words.index("-profile:v") + 1] == "main10"
    assert words[words.index("-x265-params") + 1].split(":")[-2:] == [
        "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)",
        "max-cll=900,300",
    ]
    svt = argv(wished, "libsvtav1")
    assert svt[svt.index("-svtav1-params") + 1].split(":")[-2:] == [
        "mastering-display=G(0.265,0.69)B(0.15,0.06)R(0.68,0.32)WP(0.3127,0.329)L(1000,0.0001)",
        "content-light=900,300",
    ]


def test_an_encoder_of_eight_bits_is_not_asked_for_ten() -> None:
    change = {"video_range": VideoRange.PQ, "bit_depth": 10}

    with pytest.raises(EncoderUnavailable):
        argv(params(rungs=(RUNGS[0].model_copy(update=change),)), "libx264")


def test_known_colours_are_passed_on_and_unknown_ones_are_assumed() -> None:
    pal = late_video(color_space="bt470bg", color_primaries="bt470bg", color_transfer="reserved")

    found = graph(params(media_facts(pal), rungs=RUNGS[:1]))

    tags = "setparams=color_primaries=bt470bg:color_trc=smpte170m:colorspace=bt470bg"
    assert found[3] == f"[s2]{tags}[s3]"
    assert found[-1].startswith(f"[s7]{tags}:range=tv[")


def test_rgb_gets_the_matrix_players_expect() -> None:
    found = graph(params(media_facts(late_video(color_space="gbr")), rungs=RUNGS[:1]))

    assert "out_color_matrix=bt709" in found[4]
    assert "colorspace=bt709" in found[-1]


def test_transparent_pictures_are_multiplied_with_their_alpha() -> None:
    clear = late_video(has_alpha=True, codec="vp9", color_space="bt709")

    words = argv(params(media_facts(clear)))
    animation = graph(params(media_facts(late_video(has_alpha=True, pixel_format="argb"))))

    # ffmpeg's own decoder leaves alpha out.
    assert words[words.index("-c:v") + 1] == "libvpx-vp9"
    assert words.index("-c:v") < words.index("-i")
    assert "format=yuva444p[s4];[s4]premultiply=inplace=1" in " ".join(words)
    assert animation[3:6] == [
        "[s2]scale=out_color_matrix=bt709:out_range=tv[s3]",
        "[s3]format=yuva444p10le[s4]",
        "[s4]premultiply=inplace=1[s5]",
    ]


def test_vaapi_takes_pictures_from_its_own_memory() -> None:
    words = argv(params(rungs=RUNGS[:1]), "h264_vaapi")

    assert words[3:5] == ["-vaapi_device", "/dev/dri/renderD128"]
    assert [each.split("]")[1].split("[")[0] for each in graph(params(), "h264_vaapi")[-4:]] == [
        "setsar=1",
        "format=nv12",
        f"{TAGS}:range=tv",
        "hwupload",
    ]


@pytest.mark.parametrize(
    ("container", "keyframes_s", "expected_s"),
    [
        # The chunk starts at 14.408 s; MP4 finds the last keyframe there is by then.
        ("mov", (6.4, 10.4, 14.4), 14.416342),
        ("mov", (), 14.416342),
        # Matroska is told to go just behind the keyframe, but never behind the chunk's start.
        ("matroska", (6.4, 10.4, 14.9), 10.4 + 0.14),
        ("matroska", (6.4, 10.4, 14.408), 14.416342),
        # Elsewhere the index may be by decoding time: a keyframe well before.
        ("flv", (6.4, 10.4, 14.3), 10.4 + 0.14),
        ("avi", (6.4, 13.41), 13.416342),
        # Nothing known: the demuxer finds a keyframe before this.
        ("matroska", (), 12.416342),
    ],
)
def test_seeking_goes_to_a_keyframe_that_is_known(
    container: str, keyframes_s: tuple[float, ...], expected_s: float
) -> None:
    video = late_video(keyframes_s=keyframes_s)

    found = seek_target_s(params(media_facts(video, container=container)))

    assert found == pytest.approx(expected_s, abs=1e-6)


def test_a_seek_in_an_open_group_does_not_land_on_the_keyframe_behind_the_chunks_start() -> None:
    video = late_video(keyframes_s=(6.4, 14.448), keyframe_lead_s=Fraction(8, 100))

    found = seek_target_s(params(media_facts(video)))

    assert found == pytest.approx(14.416342 - 0.08, abs=1e-6)


def test_a_source_without_a_picture_has_no_chunks() -> None:
    with pytest.raises(ValueError, match="without a picture"):
        argv(params(media_facts()))


def test_keyframes_inside_segments_change_where_it_forces_and_where_it_cuts() -> None:
    often = GRID.model_copy(update={"keyframes_per_segment": 4})
    main = RUNGS[1].model_copy(update={"h264_profile": "main"})
    wished = params(rungs=(main,)).model_copy(update={"grid": often})

    changed = set(zip(argv(wished), argv(wished)[1:], strict=False)) - set(
        zip(argv(params(rungs=RUNGS[1:])), argv(params(rungs=RUNGS[1:]))[1:], strict=False)
    )

    flags = {flag: value for flag, value in changed if flag.startswith("-")}
    assert flags == {
        "-force_key_frames": "expr:gte(t,(240+n_forced*30-0.25)*1001/30000)",
        "-g": "30",
        # 4.004 s: the muxer adds it up from the chunk's start.
        "-hls_time": "4.004000",
        "-profile:v": "main",
    }


MARK = WatermarkPlan(
    sha256="0" * 64,
    width_px=200,
    height_px=100,
    position=Place.BOTTOM_RIGHT,
    width_share=0.1,
    margin_share=0.05,
    opacity=0.5,
)


def test_a_watermark_is_scaled_and_laid_over_for_each_rung() -> None:
    marked = params(media_facts(late_video(color_space="bt709"))).model_copy(
        update={"watermark": MARK}
    )

    words = argv(marked)

    image = words.index("file:watermark.png")
    assert words[image - 5 : image] == ["-f", "png_pipe", "-protocol_whitelist", "file", "-i"]
    found = [re.sub(r"\[[^\]]*\]", "", each) for each in graph(marked)]
    assert found[found.index("format=gbrap") :][:3] == [
        "format=gbrap",
        "premultiply=inplace=1",
        "split=2",
    ]
    for height_px, width_px, x_px, y_px in ((64, 128, 1116, 620), (32, 64, 558, 310)):
        at = found.index(f"scale=h={height_px}:w={width_px}")
        assert found[at + 1 : at + 8] == [
            "unpremultiply=inplace=1",
            "colorchannelmixer=aa=0.5000",
            "scale=out_color_matrix=bt709:out_range=tv",
            "format=yuva420p",
            "setparams=colorspace=bt709:range=tv",
            "settb=expr=1001/30000",
            f"overlay=eof_action=repeat:format=auto:x={x_px}:y={y_px}",
        ]
    # What is encoded is what was laid over.
    mapped = [words[at + 1] for at, word in enumerate(words) if word == "-map"]
    overlays = [each for each in graph(marked) if "overlay" in each]
    assert [f"[{each.rsplit('[', 1)[1]}" for each in overlays] == mapped


@given(
    size_px=st.tuples(st.integers(8, 4096), st.integers(8, 4096)),
    image_px=st.tuples(st.integers(1, 4096), st.integers(1, 4096)),
    position=st.sampled_from(Place),
    width_share=st.floats(0.01, 1),
    margin_share=st.floats(0, 0.45),
)
def test_a_watermark_lies_inside_the_picture_on_whole_colour_samples(
    size_px: tuple[int, int],
    image_px: tuple[int, int],
    position: Place,
    width_share: float,
    margin_share: float,
) -> None:
    even = tuple(length // 2 * 2 for length in size_px)
    rung = RUNGS[0].model_copy(update={"width_px": even[0], "height_px": even[1]})
    changes = {"position": position, "width_share": width_share, "margin_share": margin_share}
    shape = {"width_px": image_px[0], "height_px": image_px[1]}

    x, y, width, height = placed(MARK.model_copy(update={**changes, **shape}), rung)

    assert all(length % 2 == 0 for length in (x, y, width, height))
    assert x >= 0
    assert y >= 0
    assert 2 <= width <= even[0] - x
    assert 2 <= height <= even[1] - y


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (Place.TOP_LEFT, (36, 36, 128, 64)),
        (Place.TOP_RIGHT, (1116, 36, 128, 64)),
        (Place.BOTTOM_LEFT, (36, 620, 128, 64)),
        (Place.BOTTOM_RIGHT, (1116, 620, 128, 64)),
        (Place.CENTER, (576, 328, 128, 64)),
    ],
)
def test_a_watermark_keeps_its_distance_from_its_corner(
    position: Place, expected: tuple[int, int, int, int]
) -> None:
    assert placed(MARK.model_copy(update={"position": position}), RUNGS[0]) == expected
