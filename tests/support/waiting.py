"""Waiting for a state that sends no signal."""

import time
from collections.abc import Callable


def wait_until(is_so: Callable[[], bool], *, timeout_s: float = 15.0) -> None:
    """Look until it is so; fails the test when that takes too long."""
    give_up_at = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"still not so after {timeout_s} s")
        time.sleep(0.02)
