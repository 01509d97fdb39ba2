"""The sound: encoded once and whole, so that no seam ever has encoder priming in it."""

from typing import Any

import ffmpeg

from pipeline.core.argv import stretch
from pipeline.core.argv.encode import LIST_NAME, OUTPUT_START_S, segment_options
from pipeline.core.argv.source import input_options, patience
from pipeline.core.argv.steady import steadied
from pipeline.core.loudness import Gain
from pipeline.core.mixing import mix
from schemas.media import AudioFacts
from schemas.plan import AudioPlan
from schemas.tasks import EncodeAudioParams
from schemas.vocabulary import AudioCodec

#: Which encoder makes a codec; all run on the CPU.
ENCODERS = {AudioCodec.AAC: "aac", AudioCodec.OPUS: "libopus"}
#: Timestamps may be this far off the samples before silence is filled in or sound is cut. Less
#: than a codec frame, as far as sound may be off its picture; more than containers round by.
_MOST_DRIFT_S = "0.015"
#: A mix of several full channels must not clip; just under full scale.
_MIX_LIMIT = "0.97"
#: Peaks between samples show at four times the rate.
_TRUE_PEAK_FACTOR = 4


def audio_argv(params: EncodeAudioParams, *, source: str, gain: Gain | None = None) -> list[str]:
    """Build the command line of the sound, without the program's name.

    Outputs lie in the folder named like the rendition, which must exist. Segments are whole
    frames of the codec, near ``segment_s`` long.
    """
    stream = _levelled(params, _mixed(params, source), gain)
    n_samples = stretch.n_samples(params)
    # Silence to the end of the asset: players wait for sound where it ends before the picture.
    stream = stream.filter("apad", whole_len=n_samples)
    # No filter before may make it longer.
    stream = stream.filter("atrim", end_sample=n_samples)
    return _compiled(_output(stream, params), params)


def measure_argv(params: EncodeAudioParams, *, source: str, gain: Gain | None = None) -> list[str]:
    """Measure how loud the sound would be, as ``loudness.read_summary`` reads it."""
    stream = _levelled(params, _mixed(params, source), gain)
    stream = stream.filter("ebur128", peak="true", framelog="quiet")
    # The summary is an information, which is not shown otherwise.
    return [
        "-loglevel",
        "repeat+level+info",
        *_compiled(ffmpeg.output(stream, "-", f="null"), params),
    ]


def _mixed(params: EncodeAudioParams, source: str) -> Any:
    """Decode the track, lay it on the output's time and mix its channels."""
    audio, track = params.audio, _track(params)
    opening = {**input_options(), **patience(params.facts.container)}
    options = {**opening, **stretch.input_options(params.facts, params.zero_s)}
    stream = ffmpeg.input(f"file:{source}", **options)[str(audio.source_index)]
    # Source time to time from the output's zero, or, of a trimmed source, from before it.
    zero_s = float(params.zero_s - stretch.origin_s(params.facts))
    stream = stream.filter("asetpts", expr=f"PTS-({zero_s:.9f})/TB")
    stream = stretch.begun(stream, params.facts)
    stream = stream.filter(
        "aresample",
        audio.sample_rate_hz,
        # Fill gaps with silence and cut overlaps, so that sound stays with the picture.
        # `async` is a word of Python's, hence the mapping.
        **{"async": "1"},
        min_hard_comp=_MOST_DRIFT_S,
        # The first sample stands at zero: a late start is filled, an early one cut.
        first_pts="0",
    )
    stream = stretch.cut(stream, params)
    # Whole numbers would clip as soon as channels are added.
    stream = stream.filter("aformat", sample_fmts="fltp")
    pan = mix(track.channel_layout, track.channels, audio.channels)
    return stream if pan is None else stream.filter("pan", args=pan)


def _track(params: EncodeAudioParams) -> AudioFacts:
    wanted = params.audio.source_index
    found = [track for track in params.facts.audios if track.index == wanted]
    if not found:
        raise ValueError(f"the source has no sound track {wanted}")
    return found[0]


def _levelled(params: EncodeAudioParams, stream: Any, gain: Gain | None) -> Any:
    """Make the sound as loud as decided, with no peak over the limit."""
    audio = params.audio
    if gain is not None:
        stream = stream.filter("volume", f"{gain.gain_db:.2f}dB", precision="float")
    if gain is not None and gain.limit_dbtp is not None:
        stream = stream.filter("aresample", audio.sample_rate_hz * _TRUE_PEAK_FACTOR)
        stream = _limited(stream, f"{10 ** (gain.limit_dbtp / 20):.4f}")
        return stream.filter("aresample", audio.sample_rate_hz)
    is_sum = _track(params).channels > audio.channels
    return _limited(stream, _MIX_LIMIT) if is_sum and audio.loudness is None else stream


def _limited(stream: Any, limit: str) -> Any:
    # Its look-ahead would delay the sound; no gain of its own.
    return stream.filter("alimiter", limit=limit, level="disabled", latency="enabled")


def _compiled(output: Any, params: EncodeAudioParams) -> list[str]:
    # Keep the source's timestamps: offset to the picture and gaps are in them. However much of the
    # source does not decode, go on: it is silent there, and counted afterwards.
    words = ["-copyts", "-max_error_rate", "1", *ffmpeg.compile(output)[1:]]
    return steadied(words, params.facts, _track(params))


def _output(stream: Any, params: EncodeAudioParams) -> Any:
    return ffmpeg.output(
        stream,
        f"{params.audio.name}/{LIST_NAME}",
        **_encoder_options(params.audio),
        # The same constant as the picture's.
        output_ts_offset=str(OUTPUT_START_S),
        **segment_options(params.audio.name),
        hls_time=str(params.segment_s),
        # The list grows with each finished segment: it tells what may be published.
        hls_playlist_type="event",
    )


def _encoder_options(audio: AudioPlan) -> dict[str, str]:
    return {
        "c:a": ENCODERS[audio.codec],
        "b:a": str(audio.bitrate_bps),
        "ac": str(audio.channels),
    }
