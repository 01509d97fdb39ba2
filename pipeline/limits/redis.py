"""Counting over all processes, in Redis: one round trip per request."""

import time

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from pipeline.limits.memory import MemoryCounter
from pipeline.limits.port import Window

log = structlog.get_logger(__name__)

_AWAY = (RedisError, OSError)
_TIMEOUT_S = 0.3
#: How long Redis is left alone after it did not answer: requests must not each wait for it.
_REST_S = 1.0
_MS = 1000
#: One script, so that no number is given twice and no key is left without an end.
_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('PTTL', KEYS[1])}
"""


class RedisCounter:
    """While Redis is away each process counts for itself: limits are then looser, not gone."""

    def __init__(self, url: str, *, prefix: str = "reelmill.rate") -> None:
        self._client = Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            client_name="reelmill",
        )
        self._script = self._client.register_script(_COUNT)
        self._prefix = prefix
        self._own = MemoryCounter()
        self._is_away = False
        self._rest_until = 0.0

    def count(self, key: str, *, window_s: float) -> Window:
        """Count one more."""
        if time.monotonic() < self._rest_until:
            return self._own.count(key, window_s=window_s)
        try:
            found = self._script(keys=[f"{self._prefix}:{key}"], args=[int(window_s * _MS)])
        except _AWAY as error:
            self._note(is_away=True, error=repr(error))
            self._rest_until = time.monotonic() + _REST_S
            return self._own.count(key, window_s=window_s)
        self._note(is_away=False)
        return Window(int(found[0]), max(0, int(found[1])) / _MS)

    def _note(self, *, is_away: bool, error: str = "") -> None:
        # Once per outage, not once per request.
        if is_away and not self._is_away:
            log.warning("limits.away", error=error)
        if self._is_away and not is_away:
            log.info("limits.back")
        self._is_away = is_away

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
