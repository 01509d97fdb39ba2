"""The ffmpeg one would write by hand for the same ladder: one decode, all rungs, HLS.

It keeps no state, checks nothing, cannot be resumed, and shows nothing before its end: what
Reelmill costs beside it is the price of all that.
"""

from collections.abc import Sequence
from pathlib import Path

from pipeline.profiles import built_in
from pipeline.settings import Settings
from schemas.profile import Profile, Rung
from tests.bench.media.runs import Run, timed
from workers.ffmpeg.tools import find

_FRAME_RATE = 30


def write_ladder(
    source: Path,
    folder: Path,
    *,
    threads: int,
    cores: str = "",
    piece_s: tuple[float, float] | None = None,
) -> Run:
    """Encode the default ladder into ``folder``, which must be new and stays.

    ``piece_s``: where to begin, and for how long, in seconds.
    """
    profile = built_in().get("default")
    ladder = profile.ladder
    for name in [*(rung.name for rung in ladder), "audio"]:
        (folder / name).mkdir(parents=True)
    argv = [find(Settings(_env_file=None))[0], "-v", "error", "-nostdin"]
    argv += ["-threads", str(threads), *_piece(piece_s), "-i", str(source)]
    argv += ["-filter_complex", _graph(ladder)]
    for number, rung in enumerate(ladder):
        argv += ["-map", f"[v{number}]", *_encoder(profile, rung, threads)]
        argv += _segments(rung.name, profile.segment_s)
    argv += ["-map", "0:a", "-c:a", "aac", "-b:a", str(profile.audio.bitrate_bps)]
    argv += _segments("audio", profile.segment_s)
    return timed(argv, cwd=folder, cores=cores)


def _piece(piece_s: tuple[float, float] | None) -> list[str]:
    return [] if piece_s is None else ["-ss", str(piece_s[0]), "-t", str(piece_s[1])]


def _graph(ladder: Sequence[Rung]) -> str:
    copies = "".join(f"[c{number}]" for number in range(len(ladder)))
    scaled = (
        f"[c{number}]scale=-2:{rung.height_px}[v{number}]" for number, rung in enumerate(ladder)
    )
    return ";".join((f"[0:v]split={len(ladder)}{copies}", *scaled))


def _encoder(profile: Profile, rung: Rung, threads: int) -> list[str]:
    """Say what Reelmill says to x264."""
    segment_s, group = profile.segment_s, profile.segment_s * _FRAME_RATE
    return [
        *("-c:v", "libx264", "-preset", str(profile.preset), "-crf", str(profile.crf)),
        *("-maxrate", str(rung.bitrate_bps), "-bufsize", str(2 * rung.bitrate_bps)),
        *("-g", str(group), "-flags", "+cgop", "-sc_threshold", "0", "-bf", "2"),
        *("-profile:v", "high", "-threads", str(threads)),
        *("-force_key_frames", f"expr:gte(t,n_forced*{segment_s})"),
    ]


def _segments(name: str, segment_s: int) -> list[str]:
    return [
        *("-f", "hls", "-hls_segment_type", "fmp4", "-hls_time", str(segment_s)),
        *("-hls_playlist_type", "vod", "-hls_fmp4_init_filename", "init.mp4"),
        *("-hls_segment_filename", f"{name}/%05d.m4s", f"{name}/list.m3u8"),
    ]
