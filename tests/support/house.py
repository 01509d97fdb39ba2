"""A running ``reelmill up`` and the command line beside it, as separate processes."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.ports import free_port
from tests.support.product import ROOT
from tests.support.waiting import wait_until

REELMILL = [sys.executable, "-W", "error", "-m", "compose.cli"]


@dataclass(frozen=True)
class House:
    """The embedded form, serving."""

    url: str
    data_dir: Path
    process: subprocess.Popen[bytes]


@dataclass(frozen=True)
class Ended:
    """One command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


@contextmanager
def running_house(data_dir: Path) -> Iterator[House]:
    """Start one and stop it politely; fails when it does not end well within its ten seconds."""
    port = free_port()
    argv = [*REELMILL, "up", "--data", str(data_dir), "--port", str(port)]
    with subprocess.Popen(argv, cwd=ROOT) as process:
        house = House(f"http://127.0.0.1:{port}", data_dir, process)
        try:
            wait_until(lambda: is_serving(house.url), timeout_s=30)
            yield house
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()


def reelmill(*arguments: object, timeout_s: float = 120, locale: str = "C.UTF-8") -> Ended:
    """Run one command to its end; no command may show a traceback."""
    done = subprocess.run(
        ["env", f"LC_ALL={locale}", *REELMILL, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout_s,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def is_serving(url: str) -> bool:
    """Tell whether a server answers there."""
    try:
        return httpx.get(f"{url}/healthz").is_success
    except httpx.TransportError:
        return False
