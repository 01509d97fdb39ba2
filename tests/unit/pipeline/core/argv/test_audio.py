from fractions import Fraction
from typing import Any

import pytest

from pipeline.core.argv.audio import audio_argv, measure_argv
from pipeline.core.argv.source import FORMATS
from pipeline.core.loudness import Gain
from schemas.plan import AudioPlan, LoudnessPlan
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
    "[s0]aresample=48000:async=1:first_pts=0:min_hard_comp=0.015[s1]",
    "[s1]aformat=sample_fmts=fltp[s2]",
    "[s2]apad=whole_len=2880000[s3]",
    "[s3]atrim=end_sample=2880000[s4]",
)
START = Fraction("6.4")


def params(plan: AudioPlan = AAC, **track: Any) -> EncodeAudioParams:
    facts = media_facts(video_facts(start_s=START), audio_facts(start_s=START, **track))
    return EncodeAudioParams(source=SOURCE, facts=facts, audio=plan, segment_s=4, zero_s=START)


def test_the_sound_is_one_command() -> None:
    assert audio_argv(params(), source="/cache/0123") == [
        "-copyts",
        *("-max_error_rate", "1"),
        *("-f", "mov"),
        *("-format_whitelist", FORMATS),
        *("-max_pixels", "33177600"),
        *("-max_streams", "64"),
        *("-protocol_whitelist", "file,pipe"),
        *("-i", "file:/cache/0123"),
        "-filter_complex",
        ";".join(GRAPH),
        *("-map", "[s4]"),
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


def graph(words: list[str]) -> str:
    return words[words.index("-filter_complex") + 1]


def test_a_mix_down_is_written_out_and_kept_from_clipping() -> None:
    words = audio_argv(params(channels=6, channel_layout="5.1(side)"), source="/cache/0123")

    # ffmpeg-python escapes the equals signs for two parsers.
    assert (
        "pan=args=stereo|FL\\\\=1*c0+0.7071*c2+0.7071*c4|FR\\\\=1*c1+0.7071*c2+0.7071*c5[s3];"
        "[s3]alimiter=latency=enabled:level=disabled:limit=0.97[s4];"
    ) in graph(words)


def test_a_gain_follows_the_mix_and_its_peaks_are_caught_between_the_samples() -> None:
    wished = LoudnessPlan(integrated_lufs=-16, true_peak_dbtp=-1.5)
    loud = params(AAC.model_copy(update={"loudness": wished}))

    plain = graph(audio_argv(loud, source="/cache/0123", gain=Gain(-3.25)))
    limited = graph(audio_argv(loud, source="/cache/0123", gain=Gain(6, -1.5)))

    assert "[s2]volume=-3.25dB:precision=float[s3];[s3]apad=" in plain
    assert (
        "[s2]volume=6.00dB:precision=float[s3];[s3]aresample=192000[s4];"
        "[s4]alimiter=latency=enabled:level=disabled:limit=0.8414[s5];[s5]aresample=48000[s6];"
    ) in limited


def test_the_loudness_is_measured_of_what_would_be_encoded() -> None:
    wished = LoudnessPlan(integrated_lufs=-16, true_peak_dbtp=-1.5)
    loud = params(AAC.model_copy(update={"loudness": wished}))

    words = measure_argv(loud, source="/cache/0123")

    assert graph(words) == ";".join((*GRAPH[:3], "[s2]ebur128=framelog=quiet:peak=true[s3]"))
    assert words[:3] == ["-loglevel", "repeat+level+info", "-copyts"]
    assert words[-5:] == ["-map", "[s3]", "-f", "null", "-"]


def test_a_track_that_is_not_there_is_not_encoded() -> None:
    with pytest.raises(ValueError, match="no sound track 7"):
        audio_argv(params(AAC.model_copy(update={"source_index": 7})), source="/cache/0123")


def test_a_stretch_is_counted_out_in_samples_of_the_whole() -> None:
    words = audio_argv(stretch("12.5"), source="/cache/0123")

    assert "-ss" not in words
    # From 18.9 s of the source on, which is 12.5 s behind its start.
    chain = words[words.index("-filter_complex") + 1].split(";")
    assert chain[0] == "[0:1]asetpts=expr=PTS-(6.400000000)/TB[s0]"
    assert "atrim=end_sample=744000:start_sample=600000" in ";".join(chain)
    assert "apad=whole_len=144000" in chain[-2]


def test_far_into_a_source_the_sound_is_sought() -> None:
    words = audio_argv(stretch("100.25"), source="/cache/0123")

    # Counted from 90 s behind the start, sought a second before that.
    assert words[words.index("-ss") + 1] == "95.400000"
    chain = words[words.index("-filter_complex") + 1].split(";")
    assert "asetpts=expr=PTS-(96.400000000)/TB" in chain[0]
    assert "atrim=start=0" in chain[1]
    assert "atrim=end_sample=636000:start_sample=492000" in ";".join(chain)


def stretch(skipped_s: str) -> EncodeAudioParams:
    skipped = Fraction(skipped_s)
    whole = params()
    changes = {"skipped_s": skipped, "start_s": START + skipped, "duration_s": Fraction(3)}
    facts = whole.facts.model_copy(update=changes)
    return whole.model_copy(update={"facts": facts, "zero_s": START + skipped})


def test_sound_of_a_broadcast_is_brought_to_one_form_before_it_is_filtered() -> None:
    usual = params(channels=6, channel_layout="5.1(side)")
    facts = usual.facts.model_copy(update={"container": "mpegts"})

    words = audio_argv(usual.model_copy(update={"facts": facts}), source="/cache/0123")

    at = words.index("-filter_complex")
    loop = [
        *("-map", "0:1", "-c:a", "pcm_f32le"),
        *("-channel_layout", "5.1(side)", "-ar", "44100"),
        *("-f", "null", "-", "-dec", "0:0"),
    ]
    assert words[at - len(loop) : at] == loop
    assert words[at + 1].startswith("[dec:0]asetpts=")
