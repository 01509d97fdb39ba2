"""Takes the messages out of all queues of a fleet, behind everybody's back."""

import time
from contextlib import closing

import pika

from tests.support.fleet import Fleet
from tests.support.roles import ALL_QUEUES

_PURGE_EVERY_S = 0.5
_N_PURGES = 8


class Purger:
    """Called all the time, purges some times; only a purge that took something counts."""

    def __init__(self, fleet: Fleet) -> None:
        self.n_purged = 0
        self._url = fleet.servers.broker_url
        self._queues = [f"{fleet.settings['broker_prefix']}.{queue}" for queue in ALL_QUEUES]
        self._next_at = time.monotonic() + 2 * _PURGE_EVERY_S
        self._times_left = _N_PURGES

    def __call__(self) -> None:
        if time.monotonic() < self._next_at or not self._times_left:
            return
        self._next_at = time.monotonic() + _PURGE_EVERY_S
        self._times_left -= bool(self.purge())

    def purge(self) -> int:
        """Empty all queues; return how many messages went."""
        with closing(pika.BlockingConnection(pika.URLParameters(self._url))) as connection:
            channel = connection.channel()
            purged = [channel.queue_purge(queue).method for queue in self._queues]
        n_gone = sum(int(each.message_count) for each in purged)
        self.n_purged += n_gone
        return n_gone
