"""Finds what is wrong with a file's times, and how to put it right in a copy.

Tracks of one file share a clock. Where it jumps (parts put behind each other, a recorder that
started anew, a clock that wrapped) each track jumps when its own packets come to that point.
So jumps are collected into sections with one shift for all tracks: the picture goes on a whole
number of frames later, and the sound keeps its distance to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pipeline.core.packets import NO_STAMP, PacketScan

#: Back by more than this is a jump, on by more than that too: ffmpeg's own measures.
_BACK_S = 0.1
_ON_S = 10.0
#: A section begun by another track is meant where its times lead this near behind, or before,
#: what a track is awaited to go on with: tracks do not end at the same moment.
_NEAR_S, _OVER_S = 5.0, 1.0
#: Sections looked at again: a stray packet leads out of one and back.
_N_LOOKED_AT = 8
#: Rounding of clocks; more than this of sound would be heard twice.
_OVERLAP_S = Fraction(5, 1000)
#: More jumps than this are no clock at all.
MOST_SHIFTS = 200


class Unmendable(Exception):
    """The times make no sense that could be kept."""


@dataclass(frozen=True)
class Shift:
    """From a packet of a track on, what to add to its times instead."""

    first_packet: int
    add_s: Fraction


@dataclass(frozen=True)
class _Entry:
    """A track comes into a section, so far from where it should."""

    section: int
    track: int
    gap_s: Fraction


class _Track:
    """How far one track has come."""

    def __init__(self, base: Fraction) -> None:
        self.base = base
        self.tick_s = float(base)
        self.section = 0
        self.n_packets = 0
        self.last: int | None = None
        self.step = 0
        self.turns: list[tuple[int, int]] = [(0, 0)]


class _Sections:
    """Follows all packets in the file's order; keeps what each section adds to its times."""

    def __init__(self, bases: Mapping[int, Fraction], on_s: float) -> None:
        self.tracks = {index: _Track(base) for index, base in bases.items()}
        self.add_s = [Fraction(0)]
        self.entries: list[_Entry] = []
        self._on_s = on_s

    def take(self, index: int, stamp: int) -> None:
        track = self.tracks[index]
        if stamp != NO_STAMP:
            if track.last is None:
                self._begin(index, track, stamp)
            else:
                self._go_on(index, track, stamp, track.last)
            track.last = stamp
        track.n_packets += 1

    def _begin(self, index: int, track: _Track, stamp: int) -> None:
        """Take a track's first packet: seconds from the others is still their clock."""
        others = [other for other in self.tracks.values() if other.last is not None]
        now_s = max((self._at_s(other, 0) for other in others), default=None)
        if now_s is not None and abs(stamp * track.base + self.add_s[0] - now_s) > _ON_S:
            self._turn(index, track, stamp, now_s)

    def _go_on(self, index: int, track: _Track, stamp: int, last: int) -> None:
        step = stamp - last
        off_s = (step - track.step) * track.tick_s
        if not -_BACK_S <= off_s <= self._on_s:
            self._turn(index, track, stamp, self._at_s(track, track.step))
        elif 0 < step * track.tick_s < 1:
            track.step = step

    def _at_s(self, track: _Track, step: int) -> Fraction:
        return ((track.last or 0) + step) * track.base + self.add_s[track.section]

    def _turn(self, index: int, track: _Track, stamp: int, awaited_s: Fraction) -> None:
        """Lead a track into the section its time belongs to."""
        raw_s = stamp * track.base
        first = max(0, len(self.add_s) - _N_LOOKED_AT)
        gaps_s = {
            section: raw_s + self.add_s[section] - awaited_s
            for section in range(first, len(self.add_s))
            if section != track.section
        }
        near = [section for section in gaps_s if -_OVER_S <= gaps_s[section] <= _NEAR_S]
        section = min(near, key=lambda each: (abs(gaps_s[each]), -each), default=len(self.add_s))
        if section == len(self.add_s):
            self.add_s.append(awaited_s - raw_s)
        self.entries.append(_Entry(section, index, gaps_s.get(section, Fraction(0))))
        track.section = section
        track.turns.append((track.n_packets, section))


def shifts(
    scan: PacketScan,
    bases: Mapping[int, Fraction],
    *,
    video: int | None,
    frame_s: Fraction,
    has_restless_clock: bool,
) -> dict[int, tuple[Shift, ...]]:
    """Say what to add to the times of each track so that all go on as one, from about zero.

    Args:
        scan: with all packets.
        bases: time bases of the tracks that matter.
        video: which of them is the picture, whose frames keep their rhythm over a jump.
        frame_s: period of the picture's frames.
        has_restless_clock: a leap on is a jump too, not a pause.

    Raises:
        Unmendable: too many jumps.
    """
    sections = _Sections(bases, _ON_S if has_restless_clock else float("inf"))
    for index, stamp in scan.in_order(bases):
        sections.take(index, stamp)
    if sum(len(track.turns) - 1 for track in sections.tracks.values()) > MOST_SHIFTS:
        raise Unmendable("the times jump all the time")
    add_s = _apart(sections, video, frame_s)
    start_s = _start_s(scan, bases)
    return {
        index: tuple(Shift(first, add_s[section] - start_s) for first, section in track.turns)
        for index, track in sections.tracks.items()
    }


def _apart(sections: _Sections, video: int | None, frame_s: Fraction) -> list[Fraction]:
    """Move sections on so that no track overlaps itself, the picture by whole frames."""
    moved_s, result = Fraction(0), [Fraction(0)]
    for number in range(1, len(sections.add_s)):
        first: dict[int, Fraction] = {}
        for entry in sections.entries:
            if entry.section == number:
                first.setdefault(entry.track, entry.gap_s)
        moved_s += _move_s(first, video, frame_s)
        result.append(sections.add_s[number] + moved_s)
    return result


def _move_s(gaps_s: Mapping[int, Fraction], video: int | None, frame_s: Fraction) -> Fraction:
    needed_s = max((-gap_s - _OVERLAP_S for gap_s in gaps_s.values()), default=Fraction(0))
    gap_s = None if video is None else gaps_s.get(video)
    if gap_s is None:
        return max(needed_s, Fraction(0))
    n_frames = -((-needed_s - gap_s) // frame_s)
    return max(0, n_frames) * frame_s - gap_s


def _start_s(scan: PacketScan, bases: Mapping[int, Fraction]) -> Fraction:
    first = (_first_stamp(scan, index) for index in bases)
    pairs = zip(bases.values(), first, strict=True)
    return min((stamp * base for base, stamp in pairs if stamp is not None), default=Fraction(0))


def _first_stamp(scan: PacketScan, index: int) -> int | None:
    stamps: Iterable[int] = scan.tracks[index].stamps if index in scan.tracks else ()
    return next((stamp for stamp in stamps if stamp != NO_STAMP), None)
