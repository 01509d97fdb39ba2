"""The command line that copies a source into segments."""

from fractions import Fraction

from pipeline.core.argv.copying import copy_argv, decode_argv
from pipeline.core.argv.source import FORMATS
from schemas.plan import ChunkPlan, Grid, RungPlan
from schemas.tasks import EncodeParams, SourceRef
from schemas.vocabulary import AssetId, Preset, VideoCodec
from tests.support.sources import media_facts, video_facts


def params(codec: VideoCodec) -> EncodeParams:
    grid = Grid(
        frame_rate=Fraction(30000, 1001),
        n_frames=360,
        segment_frames=120,
        source_start_s=Fraction(7, 5),
    )
    rung = RungPlan(name="1080p", codec=codec, width_px=1920, height_px=1080, bitrate_bps=1, crf=23)
    return EncodeParams(
        source=SourceRef(asset_id=AssetId("a"), key="k", size_bytes=1, sha256=""),
        facts=media_facts(video_facts()),
        grid=grid,
        rungs=(rung,),
        chunk=ChunkPlan(index=0, first_frame=0, end_frame=360),
        preset=Preset.VERYFAST,
    )


def test_packets_are_counted_on_the_grid_and_cut_at_the_keyframes_of_segments() -> None:
    argv = copy_argv(params(VideoCodec.H264), source="/s")

    moved = "round(round(({}*TB-(7/5))*(30000/1001))/(30000/1001)/TB)"
    assert " ".join(argv) == (
        f"-copyts -format_whitelist {FORMATS} -max_pixels 33177600 -max_streams 64 "
        "-protocol_whitelist file,pipe -i file:/s -map 0:0 -f hls "
        f"-bsf:v setts=pts={moved.format('PTS')}:dts={moved.format('DTS')} "
        "-c:v copy -fflags +bitexact -hls_fmp4_init_filename init.mp4 "
        "-hls_list_size 0 -hls_playlist_type vod -hls_segment_filename 1080p/%05d.m4s "
        "-hls_segment_options movflags=+frag_discont -hls_segment_type fmp4 -hls_time 4.004000 "
        "-map_chapters -1 -map_metadata -1 -output_ts_offset 10 -start_number 0 "
        "1080p/list.m3u8"
    )


def test_hevc_keeps_its_parameter_sets_in_the_init_segment() -> None:
    argv = copy_argv(params(VideoCodec.HEVC), source="/s")

    assert argv[argv.index("-tag:v") + 1] == "hvc1"


def test_the_picture_alone_is_decoded_to_hear_what_is_wrong_with_it() -> None:
    argv = decode_argv(params(VideoCodec.H264), source="/s", threads=2)

    assert " ".join(argv) == (
        f"-copyts -format_whitelist {FORMATS} -max_pixels 33177600 -max_streams 64 "
        "-protocol_whitelist file,pipe -threads 2 -i file:/s -map 0:0 -f null "
        "-fps_mode passthrough -"
    )
