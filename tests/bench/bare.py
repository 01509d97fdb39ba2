"""dramatiq as it comes, for comparison: ``python -m tests.bench.bare URL QUEUE THREADS``."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from tests.support.product import ROOT

_WARM_UP = 32
_STDOUT = 1


def time_bare_dramatiq(url: str, *, n_messages: int, n_processes: int, n_threads: int) -> float:
    """Tell the seconds from the first publish to the last handled message."""
    queue = f"bare-{secrets.token_hex(4)}"
    with _consumers(url, queue, n_processes, n_threads) as said, closing(_broker(url)) as broker:
        actor = _actor(broker, queue)
        _send(actor, _WARM_UP)
        _read(said, n_processes + _WARM_UP)
        started_at = time.monotonic()
        _send(actor, n_messages)
        _read(said, n_messages)
        return time.monotonic() - started_at


@contextmanager
def _consumers(url: str, queue: str, n_processes: int, n_threads: int) -> Iterator[int]:
    """Start processes and yield where each says a byte at its start and per message."""
    said, say = os.pipe()
    argv = [sys.executable, "-m", "tests.bench.bare", url, queue, str(n_threads)]
    processes = [
        subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *argv], cwd=ROOT, stdout=say)
        for _ in range(n_processes)
    ]
    os.close(say)
    try:
        yield said
    finally:
        os.close(said)
        for process in processes:
            process.kill()
            process.wait()


def _send(actor: "dramatiq.Actor[[], None]", n_messages: int) -> None:
    for _ in range(n_messages):
        actor.send()


def _read(said: int, n_bytes: int) -> None:
    while n_bytes:
        n_bytes -= len(os.read(said, n_bytes)) or n_bytes


def _broker(url: str) -> Any:
    # Everything as dramatiq has it by default.
    return RabbitmqBroker(url=url)


def _actor(broker: dramatiq.Broker, queue: str) -> "dramatiq.Actor[[], None]":
    def nothing() -> None:
        os.write(_STDOUT, b".")

    return dramatiq.actor(nothing, broker=broker, queue_name=queue)


def _consume(url: str, queue: str, n_threads: int) -> None:
    broker = _broker(url)
    _actor(broker, queue)
    dramatiq.Worker(broker, worker_threads=n_threads).start()
    os.write(_STDOUT, b"r")
    signal.pause()


if __name__ == "__main__":
    _consume(sys.argv[1], sys.argv[2], int(sys.argv[3]))
