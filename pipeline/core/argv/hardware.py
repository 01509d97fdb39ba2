"""Encoders that are devices, each asked in its own words.

One table serves all codecs of a maker.
"""

from pipeline.core.argv.wish import Options, Wish, capped, closed_gop, step


def nvenc(wish: Wish) -> Options:
    """Ask an NVIDIA encoder, of any codec."""
    return {
        # p1 is fastest, p7 best.
        "preset": f"p{min(7, 1 + step(wish.preset) * 3 // 4)}",
        # Constant quality under a cap; b:v 0 takes away the average it would aim at.
        "rc": "vbr",
        "cq": str(wish.rung.crf),
        "b:v": "0",
        **capped(wish),
        **closed_gop(wish),
        "bf": "2",
        # No keyframes at scene cuts; forced ones are IDR; exact distance.
        "no-scenecut": "1",
        "forced-idr": "1",
        "strict_gop": "1",
    }


def qsv(wish: Wish) -> Options:
    """Ask Quick Sync, of any codec."""
    return {
        "preset": max(wish.preset, "veryfast", key=step),
        # Quality, average and a higher cap together choose QVBR.
        "global_quality": str(wish.rung.crf),
        "b:v": str(wish.rung.bitrate_bps * 4 // 5),
        **capped(wish),
        **closed_gop(wish),
        "bf": "2",
        # Adaptive I-frames would break the grid.
        "adaptive_i": "0",
        "forced_idr": "1",
        # Every I-frame is an IDR frame.
        "idr_interval": "0",
    }


def vaapi(wish: Wish) -> Options:
    """Ask VAAPI, of any codec."""
    return {
        # Quality under a cap, where the driver can.
        "rc_mode": "QVBR",
        "global_quality": str(wish.rung.crf),
        "b:v": str(wish.rung.bitrate_bps * 4 // 5),
        **capped(wish),
        **closed_gop(wish),
        "bf": "2",
        "idr_interval": "0",
    }
