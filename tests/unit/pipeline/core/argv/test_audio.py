from fractions import Fraction

from pipeline.core.argv.audio import audio_argv
from pipeline.core.argv.source import FORMATS
from schemas.plan import AudioPlan
from schemas.tasks import EncodeAudioParams, SourceRef
from schemas.vocabulary import AssetId, AudioCodec
from tests.support.sources import audio_facts, media_facts, video_facts

SOURCE = SourceRef(asset_id=AssetId("a1"), key="k", size_bytes=1, sha256="0" * 64)
AAC = AudioPlan(
    name="audio",
    source_index=1,
    codec=AudioCodec.AAC,
    channels=2,
    sample_rate_hz=48_000,
    bitrate_bps=128_000,
)
GRAPH = (
    "[0:1]asetpts=expr=PTS-(6.400000000)/TB[s0]",
    "[s0]aresample=48000:async=1:first_pts=0[s1]",
    "[s1]apad=whole_len=2880000[s2]",
)
START = Fraction("6.4")


def params(plan: AudioPlan = AAC) -> EncodeAudioParams:
    facts = media_facts(video_facts(start_s=START), audio_facts(start_s=START))
    return EncodeAudioParams(source=SOURCE, facts=facts, audio=plan, segment_s=4, zero_s=START)


def test_the_sound_is_one_command() -> None:
    assert audio_argv(params(), source="/cache/0123") == [
        "-copyts",
        *("-format_whitelist", FORMATS),
        *("-max_pixels", "33177600"),
        *("-max_streams", "64"),
        *("-protocol_whitelist", "file,pipe"),
        *("-i", "file:/cache/0123"),
        "-filter_complex",
        ";".join(GRAPH),
        *("-map", "[s2]"),
        *("-f", "hls"),
        *("-ac", "2"),
        *("-b:a", "128000"),
        *("-c:a", "aac"),
        *("-fflags", "+bitexact"),
        *("-hls_fmp4_init_filename", "init.mp4"),
        *("-hls_list_size", "0"),
        *("-hls_playlist_type", "event"),
        *("-hls_segment_filename", "audio/%05d.m4s"),
        *("-hls_segment_options", "movflags=+frag_discont"),
        *("-hls_segment_type", "fmp4"),
        *("-hls_time", "4"),
        *("-map_chapters", "-1"),
        *("-map_metadata", "-1"),
        *("-output_ts_offset", "10"),
        "audio/list.m3u8",
    ]


def test_opus_is_an_encoder_away() -> None:
    words = audio_argv(
        params(AAC.model_copy(update={"codec": AudioCodec.OPUS})), source="/cache/0123"
    )

    assert words[words.index("-c:a") + 1] == "libopus"
