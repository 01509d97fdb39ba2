"""How many requests are allowed, and how an answer tells it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

#: Quotas are per minute; Retry-After stays short.
WINDOW_S = 60


@dataclass(frozen=True)
class Quota:
    """So many requests of a kind in a window."""

    name: str
    n: int


def is_within(quota: Quota, n: int) -> bool:
    """Tell whether the n-th request of a window is still allowed."""
    return n <= quota.n


def headers(quota: Quota, n: int, left_s: float) -> Mapping[str, str]:
    """Tell a client where it stands after the n-th request of a window.

    Source: draft-ietf-httpapi-ratelimit-headers-10 (structured fields: a policy, and its state).
    """
    said = {
        "RateLimit-Policy": f'"{quota.name}";q={quota.n};w={WINDOW_S}',
        "RateLimit": f'"{quota.name}";r={max(0, quota.n - n)};t={math.ceil(left_s)}',
    }
    if not is_within(quota, n):
        said["Retry-After"] = str(max(1, math.ceil(left_s)))
    return said
