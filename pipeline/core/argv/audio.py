"""The sound: encoded once and whole, so that no seam ever has encoder priming in it."""

import ffmpeg

from pipeline.core.argv.encode import LIST_NAME, OUTPUT_START_S, segment_options
from pipeline.core.argv.source import input_options
from schemas.plan import AudioPlan
from schemas.tasks import EncodeAudioParams
from schemas.vocabulary import AudioCodec

_ENCODERS = {AudioCodec.AAC: "aac", AudioCodec.OPUS: "libopus"}


def audio_argv(params: EncodeAudioParams, *, source: str) -> list[str]:
    """Build the command line of the sound, without the program's name.

    Outputs lie in the folder named like the rendition, which must exist. Segments are whole
    frames of the codec, near ``segment_s`` long.
    """
    audio, facts = params.audio, params.facts
    opened = ffmpeg.input(f"file:{source}", **input_options())
    stream = opened[str(audio.source_index)]
    # Source time to time from the output's zero.
    stream = stream.filter("asetpts", expr=f"PTS-({float(params.zero_s):.9f})/TB")
    stream = stream.filter(
        "aresample",
        audio.sample_rate_hz,
        # Fill gaps with silence and cut overlaps, so that sound stays with the picture.
        # `async` is a word of Python's, hence the mapping.
        **{"async": "1"},
        # The first sample stands at zero: a late start is filled, an early one cut.
        first_pts="0",
    )
    # Silence to the end of the asset: players wait for sound where it ends before the picture.
    n_samples = round(facts.duration_s * audio.sample_rate_hz)
    stream = stream.filter("apad", whole_len=n_samples)
    compiled = ffmpeg.compile(_output(stream, params))[1:]
    # Keep the source's timestamps: offset to the picture and gaps are in them.
    return ["-copyts", *compiled]


def _output(stream: object, params: EncodeAudioParams) -> object:
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
        "c:a": _ENCODERS[audio.codec],
        "b:a": str(audio.bitrate_bps),
        # Mixes 5.1 down to stereo, copies mono to both sides.
        "ac": str(audio.channels),
    }
