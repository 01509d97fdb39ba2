"""A broadcast's clock goes on evenly, whatever its publishers' clocks do."""

import pytest

from ingest.rtmp.clock import STEP_MS, SessionClock, Stamped
from pipeline.core.flv.kinds import MediaKind

VIDEO, AUDIO, DATA = MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.DATA


def fed(
    clock: SessionClock, *tags: tuple[MediaKind, int], began_at_s: float = 0.0
) -> list[Stamped]:
    """Stamp tags that come 10 ms after one another."""
    return [
        clock.stamp(kind, ms, is_coded=kind is not DATA, now_s=began_at_s + n / 100)
        for n, (kind, ms) in enumerate(tags)
    ]


def times(stamped: list[Stamped]) -> list[int]:
    return [one.ms for one in stamped]


def test_the_first_tag_lies_where_the_broadcast_is() -> None:
    came = fed(SessionClock(90_000), (VIDEO, 5000), (AUDIO, 5010), (VIDEO, 5040))

    assert came == [Stamped(90_000), Stamped(90_010), Stamped(90_040)]


def test_what_is_no_picture_and_no_sound_moves_nothing() -> None:
    clock = SessionClock(0)
    came = fed(clock, (DATA, 0), (VIDEO, 7000), (DATA, 0), (VIDEO, 7040), (DATA, 1 << 40))

    assert times(came) == [0, 0, 0, 40, 40]
    assert not any(one.is_break for one in came)


@pytest.mark.parametrize("jumped_to_ms", [0, 5000, 500_000, (1 << 32) - 5, 1 << 33])
def test_a_jump_is_closed_to_a_frame_and_marked_once(jumped_to_ms: int) -> None:
    came = fed(
        SessionClock(0),
        *((VIDEO, 20_000), (AUDIO, 20_005), (VIDEO, 20_040), (AUDIO, 20_025)),
        *((VIDEO, jumped_to_ms), (AUDIO, jumped_to_ms + 10), (VIDEO, jumped_to_ms + 40)),
    )

    closed_ms = 40 + STEP_MS
    assert times(came)[4:] == [closed_ms, closed_ms + 10, closed_ms + 40]
    assert [one.is_break for one in came] == [False] * 4 + [True, False, False]


def test_a_clock_past_32_bits_goes_on() -> None:
    wrap = 1 << 32
    came = fed(SessionClock(0), (VIDEO, wrap - 40), (VIDEO, wrap), (VIDEO, wrap + 40))

    assert came == [Stamped(0), Stamped(40), Stamped(80)]


def test_a_pause_with_time_on_the_wall_behind_it_is_as_long_as_it_was() -> None:
    clock = SessionClock(0)
    fed(clock, (VIDEO, 1000))

    (late,) = fed(clock, (VIDEO, 9000), began_at_s=8.0)

    assert late == Stamped(8000)


def test_sound_that_pauses_while_pictures_go_on_has_not_jumped() -> None:
    clock = SessionClock(0)
    pictures = [(VIDEO, ms) for ms in range(0, 5000, 40)]

    came = fed(clock, (AUDIO, 0), *pictures, (AUDIO, 4960))

    assert came[-1] == Stamped(4960)


def test_sound_with_a_clock_of_its_own_lies_beside_the_pictures() -> None:
    came = fed(SessionClock(0), (VIDEO, 0), (VIDEO, 40), (AUDIO, 900_000), (AUDIO, 900_023))

    assert came == [Stamped(0), Stamped(40), Stamped(40), Stamped(63)]


def test_sound_that_began_a_little_earlier_stays_where_it_was() -> None:
    came = fed(SessionClock(0), (VIDEO, 500), (AUDIO, 450), (AUDIO, 520))

    assert times(came) == [0, 0, 20]


def test_jitter_never_runs_back() -> None:
    came = fed(SessionClock(0), (AUDIO, 1000), (AUDIO, 1100), (AUDIO, 1050), (AUDIO, 1123))

    assert came == [Stamped(0), Stamped(100), Stamped(100), Stamped(123)]


def test_each_kind_runs_forward_through_anything() -> None:
    wild = [((AUDIO, VIDEO)[n % 2], (n * 7919) % 100_000) for n in range(2000)]
    came = fed(SessionClock(123), *wild)

    for kind in (AUDIO, VIDEO):
        own = [one.ms for (kind_, _), one in zip(wild, came, strict=True) if kind_ is kind]
        assert own == sorted(own)
    assert min(times(came)) == 123
