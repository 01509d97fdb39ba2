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
    rtmp_port: int

    @property
    def said(self) -> str:
        """What it printed so far."""
        return (self.data_dir.parent / f"{self.data_dir.name}.out").read_text()


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
def running_house(
    data_dir: Path, *, anonymous_role: str = "admin", is_killed: bool = False, **environment: object
) -> Iterator[House]:
    """Start one and stop it politely; fails when it does not end well within its ten seconds.

    Who may do what has tests of its own: they say that those who show nothing may nothing. One
    that the test kills itself need not end well.
    """
    port, rtmp_port = free_port(), free_port()
    argv = [*REELMILL, "up", "--data", str(data_dir), "--port", str(port)]
    given = {
        "REELMILL_ANONYMOUS_ROLE": anonymous_role,
        "REELMILL_RTMP_PORT": rtmp_port,
        **environment,
    }
    own = [f"{name}={value}" for name, value in given.items()]
    said = (data_dir.parent / f"{data_dir.name}.out").open("wb")
    with (
        said,
        subprocess.Popen(["env", *own, *argv], cwd=ROOT, stdout=said) as process,
    ):
        house = House(f"http://127.0.0.1:{port}", data_dir, process, rtmp_port)
        try:
            wait_until(lambda: is_serving(house.url), timeout_s=30)
            yield house
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0 or is_killed
        finally:
            process.kill()


def reelmill(
    *arguments: object,
    timeout_s: float = 120,
    locale: str = "C.UTF-8",
    typed: str = "",
    state: Path = ROOT / "build" / "state",
    **environment: object,
) -> Ended:
    """Run one command to its end; no command may show a traceback.

    What it remembers for the next one lies below ``state``.
    """
    environment = {"XDG_STATE_HOME": state, **environment}
    own = [f"{name}={value}" for name, value in environment.items()]
    done = subprocess.run(
        ["env", f"LC_ALL={locale}", *own, *REELMILL, *map(str, arguments)],
        cwd=ROOT,
        input=typed,
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
