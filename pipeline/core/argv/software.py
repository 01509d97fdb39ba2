"""Encoders that run on a processor, each asked in its own words."""

from pipeline.core.argv import light
from pipeline.core.argv.wish import Options, Wish, capped, closed_gop, step

_EIGHT_BITS = 8


def x264(wish: Wish) -> Options:
    """Ask libx264."""
    return {
        "preset": wish.preset,
        "crf": str(wish.rung.crf),
        **capped(wish),
        **closed_gop(wish),
        # No keyframes at scene cuts: they stand where the grid says, equal in all rungs.
        "sc_threshold": "0",
        # Two B-frames whatever the preset says: the same DTS delay in every chunk.
        "bf": "2",
        # High is what every device of the last decade decodes, Main what older phones do.
        "profile:v": wish.rung.h264_profile,
        **_threads(wish),
    }


def x265(wish: Wish) -> Options:
    """Ask libx265."""
    return {
        "preset": wish.preset,
        # x265 looks at 28 as x264 at 23.
        "crf": str(min(wish.rung.crf + 5, 51)),
        **capped(wish),
        "bf": "2",
        # Parameter sets in the init segment only: Apple plays no hev1.
        "tag:v": "hvc1",
        "profile:v": "main" if wish.rung.bit_depth == _EIGHT_BITS else "main10",
        # A forced keyframe must be one that decoding can start at.
        "forced-idr": "1",
        "x265-params": ":".join(
            (
                # As in x264: keyframes where the grid says, and no others.
                "scenecut=0",
                "open-gop=0",
                f"keyint={wish.keyframe_frames}",
                f"min-keyint={wish.keyframe_frames}",
                # No version string in the stream, and no chatter on stderr.
                "info=0",
                "log-level=error",
                f"pools={wish.threads}",
                *light.for_x265(wish),
            )
        ),
    }


def svt_av1(wish: Wish) -> Options:
    """Ask libsvtav1."""
    return {
        # 13 is its fastest; veryfast lands on 10, medium on 7.
        "preset": str(max(2, 12 - step(wish.preset))),
        # AV1's scale reaches 63; 35 looks like x264's 23.
        "crf": str(min(wish.rung.crf + 12, 63)),
        **capped(wish),
        **closed_gop(wish),
        # No scene detection; `lp` is its number of threads.
        "svtav1-params": ":".join(("scd=0", f"lp={wish.threads}", *light.for_svt_av1(wish))),
    }


def vpx_vp9(wish: Wish) -> Options:
    """Ask libvpx-vp9."""
    return {
        # Quality level with the rung's bitrate as ceiling ("constrained quality").
        "crf": str(min(wish.rung.crf + 10, 63)),
        "b:v": str(wish.rung.bitrate_bps),
        **capped(wish),
        "g": str(wish.keyframe_frames),
        # Keyframes at the given distance, none in between.
        "keyint_min": str(wish.keyframe_frames),
        "deadline": "good",
        "cpu-used": str(max(1, 5 - step(wish.preset) // 2)),
        # Threads over rows: tiles alone keep two cores busy at best.
        "row-mt": "1",
        **_threads(wish),
    }


def _threads(wish: Wish) -> Options:
    # Slots × threads is what the box has; the encoder's own guess is all cores.
    return {"threads": str(wish.threads)}
