"""Slows down whoever tries passwords: a few are free, then each wrong one costs a longer wait."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from pipeline.core.errors import TooManyTries

_FIRST_WAIT_S: Final = 1.0
#: Who was quiet for so long begins anew.
_FORGET_S: Final = 900.0
#: Names an attacker makes up must not fill the memory, neither by their number …
_MOST: Final = 10_000
#: … nor by their length: no account's is longer.
_NAME_CHARS: Final = 64


@dataclass
class _Failures:
    n: int = 0
    last_at_s: float = 0.0
    wait_s: float = 0.0


class Throttle:
    """Counts failures by what was tried; of one process."""

    def __init__(
        self, *, free: int, longest_wait_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._free = free
        self._longest_wait_s = longest_wait_s
        self._clock = clock
        self._lock = Lock()
        self._failures: OrderedDict[Hashable, _Failures] = OrderedDict()

    def check(self, what: Hashable) -> None:
        """Refuse a try that comes too early; it is not even looked at.

        Raises:
            TooManyTries: wait so long.
        """
        with self._lock:
            found = self._failures.get(what)
            if found is None:
                return
            left_s = found.last_at_s + found.wait_s - self._clock()
        if left_s > 0:
            raise TooManyTries("too many wrong passwords, one after the other", wait_s=left_s)

    def failed(self, what: Hashable) -> None:
        """Count a failure."""
        with self._lock:
            found = self._failures.pop(what, None) or _Failures()
            now_s = self._clock()
            if now_s - found.last_at_s > _FORGET_S:
                found.n = 0
            found.n, found.last_at_s = found.n + 1, now_s
            found.wait_s = self._wait_s(found.n)
            self._failures[what] = found
            while len(self._failures) > _MOST:
                self._failures.popitem(last=False)

    def _wait_s(self, n: int) -> float:
        if n < self._free:
            return 0.0
        return min(_FIRST_WAIT_S * 2.0 ** min(n - self._free, 16), self._longest_wait_s)

    def succeeded(self, what: Hashable) -> None:
        """Forget the failures before."""
        with self._lock:
            self._failures.pop(what, None)


class PasswordThrottle:
    """By name and address closely, by name alone loosely.

    One address that guesses must not lock the owner out, and many addresses must not guess on.
    """

    def __init__(self) -> None:
        self._close = Throttle(free=5, longest_wait_s=60.0)
        self._loose = Throttle(free=50, longest_wait_s=10.0)

    def check(self, name: str, address: str) -> None:
        """Refuse a try that comes too early.

        Raises:
            TooManyTries: wait so long.
        """
        name = _plain(name)
        self._close.check((name, address))
        self._loose.check(name)

    def failed(self, name: str, address: str) -> None:
        """Count a wrong password."""
        name = _plain(name)
        self._close.failed((name, address))
        self._loose.failed(name)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the wrong ones before, of this address."""
        self._close.succeeded((_plain(name), address))


def _plain(name: str) -> str:
    return name.strip().lower()[: _NAME_CHARS + 1]
