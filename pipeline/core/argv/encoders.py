"""Encoders: which one makes a codec on a box.

Every table (``software``, ``hardware``) gives the same thing in the encoder's own words: capped
constant quality, a closed group of pictures of exactly one segment, no keyframe of its choosing.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.core.argv import hardware, software
from pipeline.core.argv.wish import Options, Wish
from pipeline.core.errors import EncoderUnavailable
from schemas.vocabulary import VideoCodec

__all__ = ["ENCODERS", "SOFTWARE", "Encoder", "Wish", "choose", "look_up", "options"]


_EIGHT_BITS = 8


@dataclass(frozen=True)
class Encoder:
    """One encoder of ffmpeg."""

    codec: VideoCodec
    is_gpu: bool
    #: Turns a wish into output options.
    options: Callable[[Wish], Options]
    pixel_format: str = "yuv420p"
    #: For ten bits; None where it makes eight alone.
    deep_format: str | None = None
    #: Pictures must lie in the device's memory before it takes them.
    needs_upload: bool = False
    #: Flags before the inputs.
    device_flags: tuple[str, ...] = ()

    def format_for(self, bit_depth: int) -> str:
        """Name the pixel format of a depth.

        Raises:
            EncoderUnavailable: it cannot make that depth.
        """
        if bit_depth == _EIGHT_BITS:
            return self.pixel_format
        if self.deep_format is None:
            raise EncoderUnavailable(f"No {bit_depth}-bit {self.codec} can be encoded here.")
        return self.deep_format


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


def _tagged(make: Callable[[Wish], Options], **extra: str) -> Callable[[Wish], Options]:
    """Add options of one codec to the table of its family."""
    return lambda wish: {**make(wish), **{name.replace("_v", ":v"): v for name, v in extra.items()}}


def _h264(make: Callable[[Wish], Options]) -> Callable[[Wish], Options]:
    """Name the profile of H.264, which its family does not know of."""
    return lambda wish: {**make(wish), "profile:v": wish.rung.h264_profile}


#: One render node is named; boxes with several run one worker per node.
_VAAPI_DEVICE = ("-vaapi_device", "/dev/dri/renderD128")


def _gpu(codec: VideoCodec, make: Callable[[Wish], Options], *, is_vaapi: bool = False) -> Encoder:
    return Encoder(
        codec=codec,
        is_gpu=True,
        options=make,
        pixel_format="nv12",
        # Their encoders choose the ten-bit profile by the format they are given.
        deep_format="p010le" if codec in (VideoCodec.HEVC, VideoCodec.AV1) else None,
        needs_upload=is_vaapi,
        device_flags=_VAAPI_DEVICE if is_vaapi else (),
    )


_HVC1 = {"tag_v": "hvc1"}
_DEEP = "yuv420p10le"

#: In order of preference within a codec.
ENCODERS: Mapping[str, Encoder] = MappingProxyType(
    {
        "libx264": Encoder(VideoCodec.H264, is_gpu=False, options=software.x264),
        "libx265": Encoder(VideoCodec.HEVC, is_gpu=False, options=software.x265, deep_format=_DEEP),
        "libsvtav1": Encoder(
            VideoCodec.AV1, is_gpu=False, options=software.svt_av1, deep_format=_DEEP
        ),
        "libvpx-vp9": Encoder(VideoCodec.VP9, is_gpu=False, options=software.vpx_vp9),
        "h264_nvenc": _gpu(VideoCodec.H264, _h264(hardware.nvenc)),
        "hevc_nvenc": _gpu(VideoCodec.HEVC, _tagged(hardware.nvenc, **_HVC1)),
        "av1_nvenc": _gpu(VideoCodec.AV1, hardware.nvenc),
        "h264_qsv": _gpu(VideoCodec.H264, _h264(hardware.qsv)),
        "hevc_qsv": _gpu(VideoCodec.HEVC, _tagged(hardware.qsv, **_HVC1)),
        "av1_qsv": _gpu(VideoCodec.AV1, hardware.qsv),
        "vp9_qsv": _gpu(VideoCodec.VP9, hardware.qsv),
        "h264_vaapi": _gpu(VideoCodec.H264, _h264(hardware.vaapi), is_vaapi=True),
        "hevc_vaapi": _gpu(VideoCodec.HEVC, _tagged(hardware.vaapi, **_HVC1), is_vaapi=True),
        "av1_vaapi": _gpu(VideoCodec.AV1, hardware.vaapi, is_vaapi=True),
        "vp9_vaapi": _gpu(VideoCodec.VP9, hardware.vaapi, is_vaapi=True),
    }
)

#: Encoders that need nothing but a processor.
SOFTWARE = tuple(name for name, encoder in ENCODERS.items() if not encoder.is_gpu)
