"""Passwords cannot be tried quickly, and trying them locks nobody out for long."""

import pytest

from api.throttle import PasswordThrottle, Throttle
from pipeline.core.errors import TooManyTries


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(free=3, longest_wait_s=8, clock=clock)


def waits(throttle: Throttle, what: str = "kim") -> float:
    try:
        throttle.check(what)
    except TooManyTries as error:
        return error.wait_s
    return 0.0


def test_a_few_are_free_then_waits_double_up_to_the_longest(throttle: Throttle) -> None:
    told = []
    for _ in range(8):
        throttle.failed("kim")
        told.append(waits(throttle))

    assert told == [0, 0, 1, 2, 4, 8, 8, 8]
    assert waits(throttle, "lee") == 0


def test_waiting_helps(throttle: Throttle, clock: Clock) -> None:
    for _ in range(4):
        throttle.failed("kim")
    clock.now_s += 1.5
    assert waits(throttle) == pytest.approx(0.5)
    clock.now_s += 0.5
    assert waits(throttle) == 0


def test_success_and_a_quiet_quarter_of_an_hour_forget(throttle: Throttle, clock: Clock) -> None:
    for _ in range(5):
        throttle.failed("kim")
        throttle.failed("lee")
    throttle.succeeded("kim")
    clock.now_s += 901
    throttle.failed("kim")
    throttle.failed("lee")

    assert (waits(throttle), waits(throttle, "lee")) == (0, 0)


def test_made_up_names_do_not_fill_the_memory(throttle: Throttle) -> None:
    for n in range(10_050):
        throttle.failed(f"name-{n}")

    assert len(throttle._failures) == 10_000


def test_names_longer_than_any_are_not_kept_whole() -> None:
    throttle = PasswordThrottle()
    throttle.failed("n" * 16_000, "192.0.2.1")

    kept = [*throttle._loose._failures, *(name for name, _ in throttle._close._failures)]
    assert [len(name) for name in kept] == [65, 65]
