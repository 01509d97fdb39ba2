"""Counts what of a source did not decode, from what a second decode tells of each frame.

The first decode, that of the encode, only tells that something was wrong: its messages bear no
time. This one reads ffmpeg's ``-debug_ts``: a line per packet that went into the decoder and per
frame that came out. A packet without a frame is a missing frame; a frame right behind the words
``corrupt decoded frame`` is one the decoder put together from what it could read.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from schemas.media import Damage

_PACKET = re.compile(
    r"demuxer -> ist_index:\S+ type:video pkt_pts:(\S+) pkt_pts_time:\S+ pkt_dts:(\S+) "
)
_FRAME = re.compile(
    r"decoder -> pts:(-?\d+) .* keyframe:(\d) frame_type:(\d) time_base:(\d+)/(\d+)"
)
_CONCEALED = "corrupt decoded frame"
_FAILED = ("Error submitting packet to decoder", "Decoding error: ")
_COMPLAINT = re.compile(r"\[(?:error|fatal|panic)\]")
#: Complaints come while a packet is decoded, some frames before its own comes out: H.264 and HEVC
#: hold back this many at most. What they complain of after an entrance is over as soon.
MOST_HELD_FRAMES = 16
#: AV_PICTURE_TYPE_B: a picture that others seldom refer to.
_BIDIRECTIONAL = 3
#: Longer lists are cut: the sum still counts all of it.
MOST_SPANS = 100


@dataclass(frozen=True)
class _Frame:
    pts: int
    is_keyframe: bool
    is_bidirectional: bool
    is_concealed: bool


@dataclass(frozen=True)
class Window:
    """What of a track is asked about, in seconds of the source."""

    start_s: Fraction
    end_s: Fraction
    #: Source time of the asset's zero.
    zero_s: Fraction
    #: Length of one frame.
    frame_s: Fraction
    #: Whether the decoder came from the file's start, not from a seek, which it complains of
    #: where pictures refer to some before the entrance.
    is_from_start: bool = True


class PictureSurvey:
    """Takes the decode's messages line by line."""

    def __init__(self) -> None:
        self.time_base: Fraction | None = None
        self._packets: set[int] = set()
        self._frames: list[_Frame] = []
        self._is_concealed = False
        self._n_failed = 0
        #: For each complaint the frame that came out last before it.
        self._complained_after: list[int | None] = []
        self._is_timed = True

    def line(self, line: str) -> None:
        """Take one line; lines of several threads may be glued together."""
        self._n_failed += any(words in line for words in _FAILED)
        last_pts = self._frames[-1].pts if self._frames else None
        self._complained_after += [last_pts] * len(_COMPLAINT.findall(line))
        for pts, dts in _PACKET.findall(line):
            # AVI knows decoding times only, which are not those of frames out of order.
            self._is_timed = self._is_timed and pts != "NOPTS"
            if "NOPTS" not in (pts, dts):
                self._packets.add(int(pts))
        self._is_concealed = self._is_concealed or _CONCEALED in line
        for pts, is_keyframe, kind, over, under in _FRAME.findall(line):
            self.time_base = Fraction(int(over), int(under))
            frame = _Frame(
                pts=int(pts),
                is_keyframe=is_keyframe == "1",
                is_bidirectional=int(kind) == _BIDIRECTIONAL,
                is_concealed=self._is_concealed,
            )
            self._frames.append(frame)
            self._is_concealed = False

    def damage(
        self, window: Window, *, counts_missing: bool = True, is_held: bool = False
    ) -> Damage | None:
        """Sum up what lies in the window; None where all of it decoded.

        Args:
            window: where to look. What was damaged shortly before may still be seen in it.
            counts_missing: whether each packet ought to give a frame (fields do not).
            is_held: whether the last picture had to be held to the window's end.
        """
        if self.time_base is None:
            return None
        frames = sorted(self._frames, key=lambda frame: frame.pts)
        shown = {frame.pts for frame in frames}
        missing = sorted(self._packets - shown) if counts_missing and self._is_timed else []
        bad = sorted([*(frame.pts for frame in frames if frame.is_concealed), *missing])
        spans = list(_spans(bad, frames, self.time_base, window))
        n_missing = sum(self._is_in(pts, window) for pts in missing)
        if not self._is_timed:
            n_missing = self._n_failed
        if is_held:
            end_s = frames[-1].pts * self.time_base + window.frame_s
            n_missing = max(n_missing, round((window.end_s - end_s) / window.frame_s))
            spans.append((end_s - window.zero_s, window.end_s - window.zero_s))
        n_concealed = sum(frame.is_concealed and self._is_in(frame.pts, window) for frame in frames)
        return _damage(
            "video", n_concealed, n_missing, tuple(_joined(spans)), self._n_complaints(window)
        )

    def _n_complaints(self, window: Window) -> int:
        """Count what was complained of in the window; next to a seam, both sides count it."""
        early = replace(window, start_s=window.start_s - MOST_HELD_FRAMES * window.frame_s)
        return sum(
            window.is_from_start if pts is None else self._is_in(pts, early)
            for pts in self._complained_after
        )

    def _is_in(self, pts: int, window: Window) -> bool:
        at_s = pts * (self.time_base or 0)
        # Half a frame early belongs to the window, as the grid rounds.
        half_s = window.frame_s / 2
        return window.start_s - half_s <= at_s < window.end_s - half_s


def _spans(
    bad: Sequence[int], frames: Sequence[_Frame], base: Fraction, window: Window
) -> Iterator[tuple[Fraction, Fraction]]:
    """Lay out how long each bad frame is seen: until a picture that does not build on it."""
    times = [frame.pts for frame in frames]
    by_pts = {frame.pts: frame for frame in frames}
    for pts in bad:
        frame = by_pts.get(pts)
        is_passing = frame is not None and frame.is_bidirectional
        after = frames[bisect_left(times, pts + 1) :]
        healed = next((one.pts for one in after if _heals(one, is_passing=is_passing)), None)
        end_s = window.end_s if healed is None else min(healed * base, window.end_s)
        start_s = max(pts * base, window.start_s)
        if start_s < end_s:
            yield start_s - window.zero_s, end_s - window.zero_s


def _heals(frame: _Frame, *, is_passing: bool) -> bool:
    if frame.is_concealed:
        return False
    return frame.is_keyframe or (is_passing and not frame.is_bidirectional)


def sound_damage(
    packets_s: Sequence[tuple[Fraction, Fraction]],
    frames_s: Sequence[tuple[Fraction, Fraction]],
    *,
    zero_s: Fraction,
    n_complaints: int = 0,
) -> Damage | None:
    """Find the packets of a sound track that no decoded frame covers.

    Args:
        packets_s: start and end of each packet, ascending, in source seconds.
        frames_s: the same of each decoded frame.
        zero_s: source time of the asset's zero.
        n_complaints: errors that the decoder told of.
    """
    starts = [start for start, _ in frames_s]
    lost = [span for span in packets_s if not _is_covered(span, starts, frames_s)]
    spans = tuple(_joined((start - zero_s, end - zero_s) for start, end in lost))
    return _damage("audio", 0, len(lost), spans, n_complaints)


def _is_covered(
    span: tuple[Fraction, Fraction],
    starts: Sequence[Fraction],
    frames_s: Sequence[tuple[Fraction, Fraction]],
) -> bool:
    """Ask for the packet's middle: clocks of packets and of samples round differently."""
    middle_s = (span[0] + span[1]) / 2
    at = bisect_left(starts, middle_s) - 1
    return at >= 0 and frames_s[at][1] >= middle_s


def _joined(
    spans: Iterable[tuple[Fraction, Fraction]],
) -> Iterator[tuple[Fraction, Fraction]]:
    """Join what overlaps or touches."""
    last: tuple[Fraction, Fraction] | None = None
    # A millisecond apart is the rounding of a clock.
    gap_s = Fraction(2, 1000)
    for start_s, end_s in sorted(spans):
        if last is None or start_s > last[1] + gap_s:
            if last is not None:
                yield last
            last = (start_s, end_s)
        else:
            last = (last[0], max(last[1], end_s))
    if last is not None:
        yield last


def _damage(
    medium: str,
    n_concealed: int,
    n_missing: int,
    spans: Sequence[tuple[Fraction, Fraction]],
    n_complaints: int,
) -> Damage | None:
    if not spans and not n_concealed and not n_missing and not n_complaints:
        return None
    return Damage(
        medium="video" if medium == "video" else "audio",
        n_concealed=n_concealed,
        n_missing=n_missing,
        spans_s=tuple((round(float(a), 3), round(float(b), 3)) for a, b in spans[:MOST_SPANS]),
        affected_s=round(float(sum(b - a for a, b in spans)), 3),
        n_complaints=n_complaints,
    )
