"""A server of others may ask for a longer pause than ours, within bounds."""

import pytest

from pipeline.core.retry import Failure, RetryAfter, decide


@pytest.mark.parametrize(
    ("wish_s", "delay_s"), [(0.0, 2.0), (1.0, 2.0), (120.0, 120.0), (1e9, 3600.0)]
)
def test_the_longer_of_both_pauses_counts(wish_s: float, delay_s: float) -> None:
    failure = Failure(code="url.busy", detail="later", retryable=True, delay_s=wish_s)

    verdict = decide(failure, attempt=1, max_attempts=3, faults=0, jitter=1.0)

    assert verdict == RetryAfter(delay_s, is_fault=False)
