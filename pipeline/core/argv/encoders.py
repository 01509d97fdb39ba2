"""Encoders: which one makes a codec on a box, and its flags with their reasons.

Every table gives the same thing in the encoder's own words: capped constant quality, a closed
group of pictures of exactly one segment, no keyframe of its own choosing.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.core.errors import EncoderUnavailable
from schemas.plan import RungPlan
from schemas.vocabulary import VideoCodec

Options = dict[str, str]


@dataclass(frozen=True)
class Wish:
    """What an encoder is asked for, whatever its words."""

    rung: RungPlan
    #: In x264's words.
    preset: str
    segment_frames: int
    threads: int


@dataclass(frozen=True)
class Encoder:
    """One encoder of ffmpeg."""

    codec: VideoCodec
    is_gpu: bool
    #: Turns a wish into output options.
    options: Callable[[Wish], Options]
    pixel_format: str = "yuv420p"
    #: Pictures must lie in the device's memory before it takes them.
    needs_upload: bool = False
    #: Flags before the inputs.
    device_flags: tuple[str, ...] = ()


#: Presets of x264, fastest first; other encoders' steps are mapped onto them.
PRESETS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
)


def choose(codec: VideoCodec, *, available: Collection[str], use_gpu: bool) -> str:
    """Name the encoder to use on a box.

    A task from the GPU queue gets a GPU encoder or none: falling back in silence would mix two
    encoders in one rendition.

    Raises:
        EncoderUnavailable: the box has none for this codec.
    """
    for name, encoder in ENCODERS.items():
        if name in available and encoder.codec is codec and encoder.is_gpu is use_gpu:
            return name
    kind = "GPU" if use_gpu else "CPU"
    raise EncoderUnavailable(
        f"This box has no {kind} encoder for {codec}.",
        remedy="Let a worker with such an encoder serve the queue; `reelmill doctor` lists them.",
    )


def options(encoder: str, wish: Wish) -> Options:
    """Give the output options of an encoder.

    Raises:
        EncoderUnavailable: an encoder we have no table for.
    """
    return {"c:v": encoder, **look_up(encoder).options(wish)}


def look_up(encoder: str) -> Encoder:
    """Find an encoder's table.

    Raises:
        EncoderUnavailable: an encoder we have no table for.
    """
    if encoder not in ENCODERS:
        raise EncoderUnavailable(f"There is no table for the encoder {encoder!r}.")
    return ENCODERS[encoder]


def _step(preset: str) -> int:
    return PRESETS.index(preset) if preset in PRESETS else PRESETS.index("veryfast")


def _capped(wish: Wish) -> Options:
    """Cap constant quality by the rung's bitrate, as players were promised."""
    return {
        "maxrate": str(wish.rung.bitrate_bps),
        # Two seconds at full rate: room for a keyframe, small enough for a start on slow lines.
        "bufsize": str(2 * wish.rung.bitrate_bps),
    }


def _closed_gop(wish: Wish) -> Options:
    return {
        # One keyframe at the start of each segment …
        "g": str(wish.segment_frames),
        # … that nothing after it looks past, so that every segment decodes by itself.
        "flags": "+cgop",
    }


def _threads(wish: Wish) -> Options:
    # Slots × threads is what the box has; the encoder's own guess is all cores.
    return {"threads": str(wish.threads)}


def _x264(wish: Wish) -> Options:
    return {
        "preset": wish.preset,
        "crf": str(wish.rung.crf),
        **_capped(wish),
        **_closed_gop(wish),
        # No keyframes at scene cuts: they stand at segment starts alone, equal in all rungs.
        "sc_threshold": "0",
        # Two B-frames whatever the preset says: the same DTS delay in every chunk.
        "bf": "2",
        # What every device of the last decade decodes.
        "profile:v": "high",
        **_threads(wish),
    }


def _x265(wish: Wish) -> Options:
    return {
        "preset": wish.preset,
        # x265 looks at 28 as x264 at 23.
        "crf": str(min(wish.rung.crf + 5, 51)),
        **_capped(wish),
        "bf": "2",
        # Parameter sets in the init segment only: Apple plays no hev1.
        "tag:v": "hvc1",
        "profile:v": "main",
        # A forced keyframe must be one that decoding can start at.
        "forced-idr": "1",
        "x265-params": ":".join(
            (
                # As in x264: keyframes at segment starts alone.
                "scenecut=0",
                "open-gop=0",
                f"keyint={wish.segment_frames}",
                f"min-keyint={wish.segment_frames}",
                # No version string in the stream, and no chatter on stderr.
                "info=0",
                "log-level=error",
                f"pools={wish.threads}",
            )
        ),
    }


def _svt_av1(wish: Wish) -> Options:
    return {
        # 13 is its fastest; veryfast lands on 10, medium on 7.
        "preset": str(max(2, 12 - _step(wish.preset))),
        # AV1's scale reaches 63; 35 looks like x264's 23.
        "crf": str(min(wish.rung.crf + 12, 63)),
        **_capped(wish),
        **_closed_gop(wish),
        # No scene detection; `lp` is its number of threads.
        "svtav1-params": f"scd=0:lp={wish.threads}",
    }


def _vpx_vp9(wish: Wish) -> Options:
    return {
        # Quality level with the rung's bitrate as ceiling ("constrained quality").
        "crf": str(min(wish.rung.crf + 10, 63)),
        "b:v": str(wish.rung.bitrate_bps),
        **_capped(wish),
        "g": str(wish.segment_frames),
        # Keyframes at the given distance, none in between.
        "keyint_min": str(wish.segment_frames),
        "deadline": "good",
        "cpu-used": str(max(1, 5 - _step(wish.preset) // 2)),
        # Threads over rows: tiles alone keep two cores busy at best.
        "row-mt": "1",
        **_threads(wish),
    }


def _nvenc(wish: Wish) -> Options:
    return {
        # p1 is fastest, p7 best.
        "preset": f"p{min(7, 1 + _step(wish.preset) * 3 // 4)}",
        # Constant quality under a cap; b:v 0 takes away the average it would aim at.
        "rc": "vbr",
        "cq": str(wish.rung.crf),
        "b:v": "0",
        **_capped(wish),
        **_closed_gop(wish),
        "bf": "2",
        # No keyframes at scene cuts; forced ones are IDR; exact distance.
        "no-scenecut": "1",
        "forced-idr": "1",
        "strict_gop": "1",
    }


def _qsv(wish: Wish) -> Options:
    return {
        "preset": max(wish.preset, "veryfast", key=_step),
        # Quality, average and a higher cap together choose QVBR.
        "global_quality": str(wish.rung.crf),
        "b:v": str(wish.rung.bitrate_bps * 4 // 5),
        **_capped(wish),
        **_closed_gop(wish),
        "bf": "2",
        # Adaptive I-frames would break the grid.
        "adaptive_i": "0",
        "forced_idr": "1",
        # Every I-frame is an IDR frame.
        "idr_interval": "0",
    }


def _vaapi(wish: Wish) -> Options:
    return {
        # Quality under a cap, where the driver can.
        "rc_mode": "QVBR",
        "global_quality": str(wish.rung.crf),
        "b:v": str(wish.rung.bitrate_bps * 4 // 5),
        **_capped(wish),
        **_closed_gop(wish),
        "bf": "2",
        "idr_interval": "0",
    }


def _tagged(make: Callable[[Wish], Options], **extra: str) -> Callable[[Wish], Options]:
    """Add options of one codec to the table of its family."""
    return lambda wish: {**make(wish), **{name.replace("_v", ":v"): v for name, v in extra.items()}}


#: One render node is named; boxes with several run one worker per node.
_VAAPI_DEVICE = ("-vaapi_device", "/dev/dri/renderD128")


def _gpu(codec: VideoCodec, make: Callable[[Wish], Options], *, is_vaapi: bool = False) -> Encoder:
    return Encoder(
        codec=codec,
        is_gpu=True,
        options=make,
        pixel_format="nv12",
        needs_upload=is_vaapi,
        device_flags=_VAAPI_DEVICE if is_vaapi else (),
    )


_HVC1 = {"tag_v": "hvc1"}

#: In order of preference within a codec.
ENCODERS: Mapping[str, Encoder] = MappingProxyType(
    {
        "libx264": Encoder(VideoCodec.H264, is_gpu=False, options=_x264),
        "libx265": Encoder(VideoCodec.HEVC, is_gpu=False, options=_x265),
        "libsvtav1": Encoder(VideoCodec.AV1, is_gpu=False, options=_svt_av1),
        "libvpx-vp9": Encoder(VideoCodec.VP9, is_gpu=False, options=_vpx_vp9),
        "h264_nvenc": _gpu(VideoCodec.H264, _tagged(_nvenc, profile_v="high")),
        "hevc_nvenc": _gpu(VideoCodec.HEVC, _tagged(_nvenc, **_HVC1)),
        "av1_nvenc": _gpu(VideoCodec.AV1, _nvenc),
        "h264_qsv": _gpu(VideoCodec.H264, _tagged(_qsv, profile_v="high")),
        "hevc_qsv": _gpu(VideoCodec.HEVC, _tagged(_qsv, **_HVC1)),
        "av1_qsv": _gpu(VideoCodec.AV1, _qsv),
        "vp9_qsv": _gpu(VideoCodec.VP9, _qsv),
        "h264_vaapi": _gpu(VideoCodec.H264, _tagged(_vaapi, profile_v="high"), is_vaapi=True),
        "hevc_vaapi": _gpu(VideoCodec.HEVC, _tagged(_vaapi, **_HVC1), is_vaapi=True),
        "av1_vaapi": _gpu(VideoCodec.AV1, _vaapi, is_vaapi=True),
        "vp9_vaapi": _gpu(VideoCodec.VP9, _vaapi, is_vaapi=True),
    }
)

#: Encoders that need nothing but a processor.
SOFTWARE = tuple(name for name, encoder in ENCODERS.items() if not encoder.is_gpu)
