"""What clients are told of their limits."""

import pytest

from pipeline.core.quotas import Quota, headers, is_within

QUOTA = Quota("reads", 10)


@pytest.mark.parametrize(("n", "left"), [(1, 9), (10, 0), (11, 0), (99, 0)])
def test_what_is_left_is_told(n: int, left: int) -> None:
    told = headers(QUOTA, n, 29.2)

    assert told["RateLimit-Policy"] == '"reads";q=10;w=60'
    assert told["RateLimit"] == f'"reads";r={left};t=30'
    assert ("Retry-After" in told) is (n > 10)


def test_the_last_allowed_one_is_allowed() -> None:
    assert is_within(QUOTA, 10)
    assert not is_within(QUOTA, 11)


def test_nobody_is_told_to_come_back_at_once() -> None:
    assert headers(QUOTA, 11, 0.0)["Retry-After"] == "1"
