"""Decides whether tasks may work on a source as it is, and if not, what a copy must mend."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pipeline.core.argv.remux import TrackCopy
from pipeline.core.facts import Findings, ratio, time_base
from pipeline.core.mending import Shift, Unmendable, shifts
from pipeline.core.packets import NO_STAMP, TrackScan
from pipeline.core.rates import snap
from pipeline.core.streams import Stream
from schemas.media import MediaFacts

#: Containers whose index leads to the exact frame; a seek proves it before it is believed.
EXACT_CONTAINERS = ("mov", "matroska")
#: Codecs that are at home in QuickTime, whose clock is as fine as the track's own; the rest goes
#: to Matroska, whose clock counts milliseconds.
_MOV_VIDEO = frozenset(
    (
        *("h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "mjpeg", "prores", "dnxhd"),
        *("dvvideo", "h263", "gif"),
    )
)
_MOV_AUDIO = frozenset(
    (
        *("aac", "mp2", "mp3", "ac3", "eac3", "alac", "amr_nb", "amr_wb"),
        *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be"),
    )
)
#: A copy's track may begin and end this far from where it was meant to.
_OFF_S = Fraction(1, 10)


@dataclass(frozen=True)
class Remedy:
    """What to make of a source before it is worked on."""

    #: Why, in words for its owner.
    reasons: tuple[str, ...]
    tracks: tuple[TrackCopy, ...]
    #: Muxers to try, the best first.
    muxers: tuple[str, ...]


def remedy(found: Findings, *, is_seekable: bool) -> Remedy | None:
    """Say what a copy must mend; None where the source is good as it is, or past mending.

    Sound alone needs no seeking: it is encoded in one piece.
    """
    if not found.is_whole:
        return None
    try:
        added = _shifts(found)
    except Unmendable:
        return None
    tracks = tuple(_copy(found, stream, added[stream["index"]]) for stream in _streams(found))
    reasons = tuple(_reasons(found, tracks, is_seekable=is_seekable))
    return Remedy(reasons, tracks, _muxers(found)) if reasons else None


def _streams(found: Findings) -> list[Stream]:
    """List the chosen tracks that have packets, in the file's order."""
    chosen = [each for each in (found.chosen.video, *found.chosen.audios) if each is not None]
    there = [stream for stream in chosen if stream["index"] in found.scan.tracks]
    return sorted(there, key=lambda stream: int(stream["index"]))


def _shifts(found: Findings) -> dict[int, tuple[Shift, ...]]:
    video = found.chosen.video
    return shifts(
        found.scan,
        {stream["index"]: time_base(stream) for stream in _streams(found)},
        video=video["index"] if video else None,
        frame_s=_period_s(found, video) if video else Fraction(1, 25),
        has_restless_clock=found.container not in EXACT_CONTAINERS,
    )


def _period_s(found: Findings, video: Stream) -> Fraction:
    """Tell how long most frames are shown."""
    track = found.scan.tracks.get(video["index"])
    stamps = [stamp for stamp in track.stamps if stamp != NO_STAMP] if track else []
    steps = sorted(b - a for a, b in pairwise(stamps) if b > a)
    if steps:
        return 1 / snap(1 / (steps[len(steps) // 2] * time_base(video)))
    return 1 / snap(ratio(video.get("avg_frame_rate")) or Fraction(25))


def _copy(found: Findings, stream: Stream, added: tuple[Shift, ...]) -> TrackCopy:
    track = found.scan.tracks[stream["index"]]
    is_video = stream["codec_type"] == "video"
    is_untimed = all(stamp == NO_STAMP for stamp in track.stamps)
    has_reordered = is_video and int(stream.get("has_b_frames", 0)) > 0
    lacks_pts = is_video and track.n_without_pts > 0
    is_packed = found.container == "avi" and stream["codec_name"] == "mpeg4"
    if lacks_pts and has_reordered and found.container == "avi" and not is_untimed:
        added = _earlier(added, stream["has_b_frames"] * _period_s(found, stream))
    return TrackCopy(
        index=stream["index"],
        is_video=is_video,
        base=time_base(stream),
        shifts=added,
        is_unordered=_is_unordered(track, added),
        needs_pts=lacks_pts and has_reordered and stream["codec_name"] in ("h264", "hevc"),
        period_s=_period_s(found, stream) if is_untimed and is_video else None,
        filters=("mpeg4_unpack_bframes",) if is_packed else (),
    )


def stamped_late_s(found: Findings) -> Fraction:
    """Tell by how much decoders stamp the pictures of an AVI too late, if it is not copied.

    Its packets have one time each, in decoding order; a picture is handed out with that of the
    packet that set it free, as many periods later as pictures are held back for their order.
    """
    video = found.chosen.video
    track = found.scan.tracks.get(video["index"]) if video else None
    if video is None or track is None or found.container != "avi" or not track.n_without_pts:
        return Fraction(0)
    return int(video.get("has_b_frames", 0)) * _period_s(found, video)


def _earlier(added: tuple[Shift, ...], by_s: Fraction) -> tuple[Shift, ...]:
    """Let the first picture be shown when the file begins: its players count pictures only."""
    return tuple(Shift(each.first_packet, each.add_s - by_s) for each in added)


def _is_unordered(track: TrackScan, added: tuple[Shift, ...]) -> bool:
    turns = {shift.first_packet for shift in added}
    return any(
        later != NO_STAMP and later <= earlier and number not in turns
        for number, (earlier, later) in enumerate(pairwise(track.stamps), start=1)
    )


def _reasons(found: Findings, tracks: tuple[TrackCopy, ...], *, is_seekable: bool) -> list[str]:
    n_jumps = max((len(track.shifts) - 1 for track in tracks), default=0)
    has_video = any(track.is_video for track in tracks)
    reasons = []
    if has_video and not is_seekable:
        reasons.append(f"{found.container} cannot be entered exactly")
    if n_jumps:
        reasons.append(f"its clock jumps {n_jumps} times")
    if any(track.is_unordered for track in tracks):
        reasons.append("some times go backwards")
    if any(track.needs_pts or track.period_s for track in tracks):
        reasons.append("pictures have no times")
    return reasons


def _muxers(found: Findings) -> tuple[str, ...]:
    codecs = {stream["codec_name"]: stream["codec_type"] for stream in _streams(found)}
    homes = {"video": _MOV_VIDEO, "audio": _MOV_AUDIO}
    is_at_home = all(name in homes[kind] for name, kind in codecs.items())
    return ("mov", "matroska") if is_at_home else ("matroska",)


def is_faithful(copy: Findings, stated: MediaFacts, source: Findings, wanted: Remedy) -> bool:
    """Check that a copy has all pictures, each at a time of its own, and its tracks in place."""
    if len(_streams(copy)) != len(wanted.tracks):
        return False
    if stated.video and stated.video.is_variable_rate and _are_times_made_up(wanted):
        # Not all pictures were found their place: they had a beat before they had times.
        return False
    return all(
        _is_track_faithful(copy, stream, source.scan.tracks[track.index], track)
        for stream, track in zip(_streams(copy), wanted.tracks, strict=True)
    )


def _are_times_made_up(wanted: Remedy) -> bool:
    return any(track.needs_pts or track.period_s for track in wanted.tracks)


def _is_track_faithful(copy: Findings, stream: Stream, before: TrackScan, track: TrackCopy) -> bool:
    after = copy.scan.tracks[stream["index"]]
    if track.is_video:
        n_missing = len(before.stamps) - len(set(after.ticks))
        return n_missing == 0 and after.n_without_pts == 0
    last = next((stamp for stamp in reversed(before.stamps) if stamp != NO_STAMP), None)
    if last is None or after.start is None:
        return False
    meant_s = last * track.base + track.shifts[-1].add_s
    return abs(max(after.ticks) * time_base(stream) - meant_s) < _OFF_S
