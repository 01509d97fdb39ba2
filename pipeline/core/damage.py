"""Tells a file that was cut short from one that merely ends, and broken times from long ones."""

import re
from fractions import Fraction
from itertools import pairwise

from pipeline.core.errors import MediaDamaged
from pipeline.core.facts import Findings, announced_duration_s, ratio, time_base
from pipeline.core.streams import Stream

#: Containers that say at the front how long they are, and mean it.
_HONEST = ("mov", "matroska", "avi", "flv")
#: Of these, the ones that announce when they end, not how long they are. mkvmerge means the
#: length in Matroska too, so where a file starts late, as much may be missing unnoticed.
_SAY_THE_END = ("matroska", "flv")
#: What may be missing before a file counts as cut: encoders round, players forgive.
_ALLOWED_S = Fraction(1, 2)
_ALLOWED_SHARE = Fraction(1, 100)
#: What demuxers say when the file ends before its index does.
#: No packet of a picture or a sound lasts for as long in a file that is meant so.
_LEAP_S = 3600
_CUT = re.compile(r"partial file|File ended prematurely|Truncating packet")


def shortfall_s(found: Findings, said: str) -> Fraction:
    """Tell how many seconds a file announces at its end and does not hold; zero if it is whole.

    Args:
        found: with a walk over all packets.
        said: what ffprobe wrote to stderr on that walk.
    """
    if not found.is_whole or found.container not in _HONEST:
        return Fraction(0)
    losses = [_file_loss(found)]
    if _CUT.search(said):
        chosen = (found.chosen.video, *found.chosen.audios)
        losses += [_track_loss(found, stream) for stream in chosen if stream is not None]
    if found.container == "avi" and found.chosen.video is not None:
        losses.append(_counted_loss(found, found.chosen.video))
    lost_s, announced_s = max(losses)
    is_cut = lost_s > max(_ALLOWED_S, announced_s * _ALLOWED_SHARE)
    return lost_s if is_cut else Fraction(0)


def check_leaps(found: Findings, duration_s: Fraction, most_s: float) -> None:
    """Refuse a file that only broken times make too long.

    One that is truly too long says so in front, and was refused for it, or goes on packet by
    packet. To be called of a file that announced no more than is accepted.

    Raises:
        MediaDamaged: ``media.times_damaged``.
    """
    chosen = (found.chosen.video, *found.chosen.audios)
    leap_s = max((_longest_step_s(found, one) for one in chosen if one is not None), default=0)
    if duration_s > most_s and leap_s > _LEAP_S:
        raise MediaDamaged(
            f"times leap by {float(leap_s):.0f} s from one packet to the next",
            code="media.times_damaged",
        )


def _longest_step_s(found: Findings, stream: Stream) -> Fraction:
    track = found.scan.tracks.get(stream["index"])
    if track is None or track.end is None:
        return Fraction(0)
    return time_base(stream) * max(b - a for a, b in pairwise([*track.sorted_ticks(), track.end]))


def _file_loss(found: Findings) -> tuple[Fraction, Fraction]:
    header = found.described.get("format", {})
    announced_s = ratio(header.get("duration"))
    bases = {stream["index"]: time_base(stream) for stream in found.described["streams"]}
    start_s = _counted_from_s(found, ratio(header.get("start_time")))
    return announced_s - (found.scan.end_s(bases) - start_s), announced_s


def _counted_from_s(found: Findings, start_s: Fraction) -> Fraction:
    """Tell from when the announced length counts, for a file or track that starts at a time."""
    return min(start_s, Fraction(0)) if found.container in _SAY_THE_END else start_s


def _track_loss(found: Findings, stream: Stream) -> tuple[Fraction, Fraction]:
    announced_s = announced_duration_s(stream)
    track = found.scan.tracks.get(stream["index"])
    if track is None or track.start is None or track.end is None:
        return announced_s, announced_s
    base = time_base(stream)
    start_s = _counted_from_s(found, track.start * base)
    return announced_s - (track.end * base - start_s), announced_s


def _counted_loss(found: Findings, video: Stream) -> tuple[Fraction, Fraction]:
    """Compare frames: an AVI's header counts them, but ffprobe's length is what it sees."""
    rate = ratio(video.get("avg_frame_rate")) or Fraction(25)
    announced_s = ratio(video.get("nb_frames")) / rate
    track = found.scan.tracks.get(video["index"])
    return announced_s - (len(track.ticks) if track is not None else 0) / rate, announced_s
