from fractions import Fraction

from pipeline.core.live.sound import FRAME_SAMPLES, SoundTrack, plain_config

RATE_HZ = 48_000
FRAME_S = Fraction(FRAME_SAMPLES, RATE_HZ)


def track(start_s: Fraction = Fraction(0)) -> SoundTrack:
    return SoundTrack(RATE_HZ, 2, start_s)


def ms(frame: int) -> Fraction:
    """When a frame begins, as a clock of milliseconds says."""
    return Fraction(round(frame * FRAME_S * 1000), 1000)


def test_rounded_times_make_no_gaps_however_long_it_is() -> None:
    made = track()

    for frame in range(10_000):
        made.add(ms(frame), b"x")

    assert made.n_silent == 0
    assert made.end_s == 10_000 * FRAME_S


def test_frames_belong_to_the_segment_they_begin_in() -> None:
    made = track()
    for frame in range(200):
        made.add(ms(frame), bytes([frame]))

    first, second = made.take(Fraction(2)), made.take(Fraction(4))

    assert (first.start_samples, len(first.frames)) == (0, 94)
    assert second.start_samples == 94 * FRAME_SAMPLES
    assert second.frames[0] == bytes([94])


def test_a_gap_is_silence() -> None:
    made = track()
    made.add(ms(0), b"x")
    made.add(ms(10), b"y")

    found = made.take(Fraction(9))

    assert made.n_silent == 9
    assert (found.frames[0], found.frames[10]) == (b"x", b"y")


def test_a_slow_drift_is_put_right_by_single_frames() -> None:
    made = track()

    # A hundredth too slow: over ten seconds, five frames are missing.
    for frame in range(500):
        made.add(ms(frame) * Fraction(101, 100), b"x")

    assert made.n_silent in {4, 5}
    assert abs(made.end_s - 500 * FRAME_S * Fraction(101, 100)) < Fraction(4, 100)


def test_what_comes_twice_or_before_the_start_is_left_out() -> None:
    made = track(Fraction(1))

    for frame in range(40, 60):
        made.add(ms(frame), bytes([frame]))
    made.add(ms(50), b"again")

    found = made.take(Fraction(9))
    assert found.start_samples == RATE_HZ
    assert found.frames == tuple(bytes([frame]) for frame in range(47, 60))


def test_a_config_says_rate_and_channels() -> None:
    assert plain_config(48_000, 2) == b"\x11\x90"
    assert plain_config(44_100, 1) == b"\x12\x08"
