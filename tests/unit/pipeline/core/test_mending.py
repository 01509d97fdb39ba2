"""Clocks that jump, put right for all tracks at once: on synthetic packets of every kind."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.mending import Shift, Unmendable, shifts
from pipeline.core.packets import PacketScan

BASE = Fraction(1, 90_000)
BASES = {0: BASE, 1: BASE}
FRAME, SOUND = 3600, 1920  # 25 pictures a second; AAC frames of 1,024 samples at 48 kHz


@dataclass(frozen=True)
class Part:
    """A stretch of recording with a clock of its own."""

    starts_at: int
    n_frames: int
    #: Packets of sound come so much later in the file than their picture.
    sound_lag: int = 0


def recorded(*parts: Part) -> PacketScan:
    """Put parts behind each other as a transport stream is joined; 0 is the picture."""
    scan = PacketScan()
    for part in parts:
        n_sounds = -(-part.n_frames * FRAME // SOUND)
        packets = [(n * FRAME, 0, n * FRAME) for n in range(part.n_frames)]
        packets += [(n * SOUND + part.sound_lag, 1, n * SOUND) for n in range(n_sounds)]
        for _, index, at in sorted(packets):
            time = part.starts_at + at
            scan.line(b"%d,%d,%d,%d,K__" % (index, time, time, FRAME if index == 0 else SOUND))
    return scan


def mended(scan: PacketScan, **changes: bool) -> dict[int, tuple[Shift, ...]]:
    restless = {"has_restless_clock": True} | changes
    return shifts(scan, BASES, video=0, frame_s=FRAME * BASE, **restless)


def times(scan: PacketScan, index: int, found: tuple[Shift, ...]) -> list[Fraction]:
    """Give a track's packets their mended times."""
    result = []
    for number, stamp in enumerate(scan.tracks[index].stamps):
        shift = [each for each in found if each.first_packet <= number][-1]
        result.append(stamp * BASE + shift.add_s)
    return result


def test_a_clock_that_runs_on_is_only_moved_to_zero() -> None:
    found = mended(recorded(Part(900_000, 100)))

    assert found == {0: (Shift(0, Fraction(-10)),), 1: (Shift(0, Fraction(-10)),)}


def test_picture_and_sound_share_a_jump_though_they_meet_it_at_different_packets() -> None:
    scan = recorded(Part(0, 75), Part(0, 75), Part(9_000_000, 75))

    found = mended(scan)

    for track in (0, 1):
        assert len(found[track]) == 3
    assert [shift.add_s for shift in found[0]] == [shift.add_s for shift in found[1]]
    steps = {b - a for a, b in pairwise(times(scan, 0, found[0]))}
    # Sound lasts a little beyond the picture: one frame is held for it at each seam.
    assert steps == {FRAME * BASE, 2 * FRAME * BASE}


def test_a_stray_packet_leads_out_and_back() -> None:
    scan = PacketScan()
    for number in range(50):
        at = number * FRAME if number != 20 else 80_000_000
        scan.line(b"0,%d,%d,3600,K__" % (at, at))

    found = shifts(scan, {0: BASE}, video=0, frame_s=FRAME * BASE, has_restless_clock=True)

    assert [shift.first_packet for shift in found[0]] == [0, 20, 21]
    assert found[0][2] == Shift(21, found[0][0].add_s)
    assert times(scan, 0, found[0]) == [number * FRAME * BASE for number in range(50)]


def test_a_pause_is_kept_where_the_clock_is_to_be_trusted() -> None:
    scan = recorded(Part(0, 50), Part(90_000 * 60, 50))

    assert len(mended(scan, has_restless_clock=False)[0]) == 1
    assert len(mended(scan)[0]) == 2


def test_a_clock_that_does_nothing_but_jump_is_left_alone() -> None:
    scan = PacketScan()
    for number in range(300):
        scan.line(
            b"0,%d,%d,3600,K__" % (number % 2 * 10**9 + number, number * 10**8 * (-1) ** number)
        )

    with pytest.raises(Unmendable):
        mended(scan)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.builds(
            Part,
            starts_at=st.integers(0, 40).map(lambda n: n * 90_000 * 61),
            n_frames=st.integers(30, 90),
            sound_lag=st.integers(-20_000, 40_000),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_the_parts_time_goes_on_and_sound_stays_with_its_picture(
    parts: list[Part],
) -> None:
    scan = recorded(*parts)

    found = mended(scan)

    picture, sound = times(scan, 0, found[0]), times(scan, 1, found[1])
    assert picture[0] == 0
    for a, b in pairwise(picture):
        # No frame is lost or doubled, and none comes off the beat.
        assert b > a
        assert (b - a) % (FRAME * BASE) == 0
        assert b - a < 1
    assert all(b - a > SOUND * BASE - Fraction(6, 1000) for a, b in pairwise(sound))
    first_picture = first_sound = 0
    for part in parts:
        assert abs(picture[first_picture] - sound[first_sound]) < Fraction(1, 10_000)
        first_picture += part.n_frames
        first_sound += -(-part.n_frames * FRAME // SOUND)
