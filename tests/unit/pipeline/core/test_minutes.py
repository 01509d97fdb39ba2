"""A minute out of looks: averages of what was known, and what is not known stays so."""

from pipeline.core.minutes import Look, Tally, minute_of
from schemas.stream_stats import DoorFacts, LadderFacts

NOTHING = LadderFacts()


def look(
    viewers: int | None = 0,
    peak: int | None = None,
    door: DoorFacts | None = None,
    ladder: LadderFacts = NOTHING,
) -> Look:
    return Look(viewers, peak, door or DoorFacts(), ladder)


def dropped(*counts: int | None, before: int | None = None) -> int | None:
    looks = [look(door=DoorFacts(dropped_frames=n)) for n in counts]
    return Tally(0, before, looks).minute().dropped_frames


def test_a_minute_begins_at_whole_minutes() -> None:
    assert [minute_of(at) for at in (0.0, 59.999, 60.0, 1_700_000_099.5)] == [
        0,
        0,
        60,
        1_700_000_040,
    ]


def test_viewers_are_averaged_and_their_most_is_kept() -> None:
    minute = Tally(0, None, [look(1, 4), look(2, 2), look(None, None)]).minute()

    assert (minute.n_looks, minute.viewers, minute.most_viewers) == (3, 1.5, 4)


def test_what_nobody_knew_stays_unknown() -> None:
    minute = Tally(0, None, [look(None)]).minute()

    assert vars(minute) == dict.fromkeys(vars(minute), None) | {"n_looks": 1}


def test_rates_are_averaged_drift_is_the_last_and_lag_the_worst() -> None:
    first = DoorFacts(bitrate_bps=1000, frame_rate=30, drift_ms=5)
    second = DoorFacts(bitrate_bps=2000, frame_rate=29, drift_ms=-7)
    slow = LadderFacts(ladder_speed=0.5, lag_ms=900)
    minute = Tally(0, None, [look(door=first, ladder=slow), look(door=second)]).minute()

    assert (minute.bitrate_bps, minute.frame_rate, minute.drift_ms) == (1500, 29.5, -7)
    assert (minute.ladder_speed, minute.lag_ms) == (0.5, 900)


def test_nothing_comes_while_a_publisher_is_away() -> None:
    there = DoorFacts(bitrate_bps=3000, frame_rate=30)
    minute = Tally(0, None, [look(door=there), Look(0, 0, None, NOTHING)]).minute()

    assert (minute.bitrate_bps, minute.frame_rate) == (1500, 30)


def test_dropped_frames_are_those_of_the_minute_over_reconnects() -> None:
    assert dropped(None) is None
    assert dropped(7, 9) == 2
    assert dropped(7, 9, before=4) == 5
    assert dropped(9, 2, 3, before=9) == 3


def test_the_next_minute_goes_on_where_this_one_ended() -> None:
    looks = [look(door=DoorFacts(dropped_frames=n)) for n in (3, 8)]

    assert Tally(0, None, looks).dropped_so_far == 8
    assert Tally(0, 5, [Look(0, 0, None, NOTHING)]).dropped_so_far == 5
