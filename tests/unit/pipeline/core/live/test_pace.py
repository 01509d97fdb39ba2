from pipeline.core.live.pace import Pace


def run(speed: float, *, seconds: int, behind_ms: int = 6000) -> Pace:
    """Encode at a speed what comes in real time."""
    pace = Pace(behind_ms=behind_ms, slow_s=6)
    for now_s in range(seconds):
        pace.note(now_s, now_s * 1000, int(now_s * 1000 * speed))
    return pace


def test_a_box_that_keeps_up_is_left_alone() -> None:
    pace = run(1.0, seconds=100)

    assert pace.speed == 1.0
    assert not pace.is_slow(99)


def test_a_slow_one_is_told_of_once_it_is_behind_for_long() -> None:
    # A tenth too slow: six seconds behind after sixty.
    assert not run(0.9, seconds=62).is_slow(61)
    assert run(0.9, seconds=70).is_slow(69)


def test_catching_up_is_no_slowness() -> None:
    pace = Pace(behind_ms=6000, slow_s=6)

    for now_s in range(20):
        pace.note(now_s, 30_000 + now_s * 1000, now_s * 2000)

    assert not pace.is_slow(19)


def test_a_publisher_that_stalls_makes_nobody_slow() -> None:
    pace = Pace(behind_ms=6000, slow_s=6)

    for now_s in range(60):
        pace.note(now_s, 10_000, 8_000)

    assert not pace.is_slow(59)
