"""What a walk over all packets of a file tells: exact times, frames, keyframes, damage."""

from array import array
from collections.abc import Container, Iterator
from fractions import Fraction
from itertools import pairwise

from pipeline.core.errors import MediaUnsupported

#: Fields of ``core.argv.probing.packets_argv``, in ffprobe's own order.
PACKET_FIELDS = ("stream_index", "pts", "dts", "duration", "flags")
#: And of what hangs on a packet: samples of sound that are decoded and thrown away.
SIDE_DATA_FIELDS = ("skip_samples",)

#: Stands for a decoding time that a packet lacks.
NO_STAMP = -(2**63)


#: Twelve hours of 60 pictures a second and of a dozen sound tracks; each costs memory here.
MOST_PACKETS = 30_000_000


class TrackScan:
    """The packets of one stream, in ticks of its time base."""

    def __init__(self) -> None:
        self.ticks = array("q")
        #: Decoding times of all packets, in the file's order.
        self.stamps = array("q")
        #: Packets without a presentation time of their own.
        self.n_without_pts = 0
        self.keyframes = array("q")
        #: Least and most time from the decoding of a keyframe to its showing.
        self._least_delay: int | None = None
        self._most_delay = 0
        self.end: int | None = None
        self.n_damaged = 0
        #: Packets of raw streams, which know no times.
        self.n_untimed = 0
        #: Samples of the first packet that nobody hears: the run-in of the sound's encoder.
        self.n_skipped_samples = 0

    @property
    def start(self) -> int | None:
        """First presentation time."""
        return min(self.ticks, default=None)

    @property
    def keyframe_lead(self) -> int:
        """By how much a keyframe may stand ahead of pictures that are shown before it."""
        return 0 if self._least_delay is None else self._most_delay - self._least_delay

    def add(self, tick: int, duration: int, flags: bytes, stamp: int | None = None) -> None:
        """Count one packet; what a player discards (an edit list's lead-in) is not counted."""
        self.n_damaged += b"C" in flags
        if b"K" in flags and stamp is not None:
            self._delay(tick - stamp)
        if b"D" in flags:
            return
        self.ticks.append(tick)
        self.end = max(tick + duration, self.end) if self.end is not None else tick + duration
        if b"K" in flags:
            self.keyframes.append(tick)

    @property
    def usual_step(self) -> Fraction | None:
        """Ticks from one packet to the next as decoding times show that only some of them have."""
        known = [(at, stamp) for at, stamp in enumerate(self.stamps) if stamp != NO_STAMP]
        steps = sorted(Fraction(b - a, j - i) for (i, a), (j, b) in pairwise(known))
        step = steps[len(steps) // 2] if steps else None
        return step if step and step > 0 else None

    def _delay(self, delay: int) -> None:
        least = delay if self._least_delay is None else self._least_delay
        self._least_delay, self._most_delay = min(least, delay), max(self._most_delay, delay)

    def sorted_ticks(self) -> "array[int]":
        """Give presentation times ascending; packets come in decoding order."""
        return array("q", sorted(self.ticks))


class PacketScan:
    """Takes ffprobe's packet lines (``-of csv=p=0``) and keeps what matters, per stream."""

    def __init__(self) -> None:
        self.tracks: dict[int, TrackScan] = {}
        self.n_packets = 0
        #: Whose packets came, one after the other.
        self._order = array("H")

    def line(self, line: bytes) -> None:
        """Take one line: stream, pts, dts, duration, flags, then the side data."""
        fields = line.split(b",")
        if len(fields) < len(PACKET_FIELDS):
            return
        index, pts, dts, duration, flags = fields[:5]
        self.n_packets += 1
        if self.n_packets > MOST_PACKETS:
            raise MediaUnsupported(f"more than {MOST_PACKETS} packets", code="media.too_complex")
        track = self.tracks.setdefault(int(index), TrackScan())
        # AVI knows only decoding times; without B-frames they are the same.
        stamp = _ticks(dts, None)
        tick = _ticks(pts, stamp)
        self._order.append(int(index))
        track.stamps.append(NO_STAMP if stamp is None else stamp)
        track.n_without_pts += _ticks(pts, None) is None
        if tick is None:
            track.n_untimed += 1
        else:
            if not track.ticks:
                track.n_skipped_samples = sum(int(each) for each in fields[5:] if each.isdigit())
            track.add(tick, _ticks(duration, 0) or 0, flags, stamp)

    @property
    def n_damaged(self) -> int:
        """Packets of all streams that the demuxer called corrupt."""
        return sum(track.n_damaged for track in self.tracks.values())

    def in_order(self, indexes: Container[int]) -> Iterator[tuple[int, int]]:
        """Give track and decoding time of each packet of these tracks, in the file's order."""
        coming = {index: iter(track.stamps) for index, track in self.tracks.items()}
        for index in self._order:
            stamp = next(coming[index])
            if index in indexes:
                yield index, stamp

    def end_s(self, time_bases: dict[int, Fraction]) -> Fraction:
        """Tell when the last packet of any stream ends."""
        ends = (
            track.end * time_bases[index]
            for index, track in self.tracks.items()
            if track.end is not None and index in time_bases
        )
        return max(ends, default=Fraction(0))


def _ticks(text: bytes, otherwise: int | None) -> int | None:
    return int(text) if text.lstrip(b"-").isdigit() else otherwise
