"""Which layers of confinement this box has: tried once on a real child, never assumed.

Kernels, containers and hardened systems differ in what they let a process do to itself. A child
is sent up the whole ladder; the rung that breaks is taken out and the next child is sent, until
one gets through and proves from inside, by trying, that every rung that is left holds.
"""

import ctypes
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Lock

from pipeline.core.errors import Unavailable
from workers.ffmpeg.cage import PYTHON, Cage
from workers.ffmpeg.confinement import calls
from workers.ffmpeg.confinement.order import Layers, confined
from workers.ffmpeg.limits import Limits

_TRIAL = Path(__file__).with_name("trial.py")
_TRIAL_S = 20.0
_LIMITS = Limits(wall_s=_TRIAL_S, stall_s=_TRIAL_S)
_NOT_CONFINED = 125
_LANDLOCK_CREATE, _ASK_VERSION = 444, 1

#: What each rung is for, in the order of the ladder.
RUNGS = {
    "files": "only its own input is readable, only its scratch folder writable (Landlock)",
    "calls": "no sockets, no processes, no links, no signals to others (seccomp)",
    "rights": "no capabilities, no new privileges",
    "network": "a network of its own without any interface (namespace)",
    "processes": "no other process to be seen (namespace)",
}
#: Without these a hostile file that takes over a decoder reaches beyond its cage.
ESSENTIAL = ("files", "calls", "rights")


@dataclass(frozen=True)
class Ladder:
    """The layers that hold here, and why others do not."""

    layers: Layers
    #: Names of ``RUNGS`` that hold, in their order.
    holding: tuple[str, ...]
    #: Rung → reason.
    missing: Mapping[str, str]

    @property
    def lacks(self) -> tuple[str, ...]:
        """Essential rungs that are missing."""
        return tuple(name for name in ESSENTIAL if name not in self.holding)


def ladder() -> Ladder:
    """Tell what this box has; measured at the first call, some 50 ms, and kept."""
    with _MEASURING:
        return _measured()


_MEASURING = Lock()


@cache
def _measured() -> Ladder:
    return climb(_highest())


def demand(isolation: str) -> None:
    """Refuse to work where isolation is required and an essential rung is missing.

    Raises:
        Unavailable: ``unavailable.isolation``.
    """
    found = ladder()
    if isolation != "required" or not found.lacks:
        return
    why = "; ".join(f"{name}: {found.missing[name]}" for name in found.lacks)
    raise Unavailable(
        f"Children cannot be confined on this box ({why})",
        code="unavailable.isolation",
        remedy="Run on Linux 5.13 or newer with Landlock among its security modules, and let the "
        "container's seccomp profile allow it; or set REELMILL_ISOLATION=auto.",
    )


def climb(layers: Layers) -> Ladder:
    """Send children up, each without the rung that broke under the one before."""
    missing = dict.fromkeys(RUNGS, "this kernel or machine does not know it")
    with tempfile.TemporaryDirectory(prefix="reelmill-ladder-") as folder:
        while True:
            trial = _try(layers, Path(folder))
            lower = _without(trial.broken, layers)
            if lower == layers:
                break
            gone = layers.rungs - lower.rungs
            missing.update(dict.fromkeys(gone, trial.reason))
            layers = lower
    missing.update(dict.fromkeys(layers.rungs, trial.reason))
    holding = tuple(name for name in RUNGS if name in trial.holding)
    return Ladder(layers, holding, {n: why for n, why in missing.items() if n not in holding})


def _highest() -> Layers:
    version = ctypes.CDLL(None).syscall(_LANDLOCK_CREATE, None, ctypes.c_long(0), _ASK_VERSION)
    return Layers(
        landlock_abi=max(0, version),
        has_calls=calls.is_known(platform.machine()),
        has_network=True,
        has_processes=True,
        needs_user=os.geteuid() != 0,
    )


def _without(broken: str, layers: Layers) -> Layers:
    """Take out the rung that broke; root in a container may still have a user namespace."""
    lower = layers
    if broken == "files":
        lower = replace(layers, landlock_abi=0)
    elif broken == "calls":
        lower = replace(layers, has_calls=False)
    elif broken == "user":
        lower = replace(layers, has_network=False, has_processes=False)
    elif broken in ("network", "processes"):
        if not layers.needs_user:
            return replace(layers, needs_user=True)
        is_network = broken == "network"
        lower = replace(layers, **{"has_network" if is_network else "has_processes": False})
    if not (lower.has_network or lower.has_processes):
        lower = replace(lower, needs_user=False)
    return lower


@dataclass(frozen=True)
class _Trial:
    """How far one child came."""

    broken: str = ""
    reason: str = ""
    holding: frozenset[str] = frozenset()


def _try(layers: Layers, folder: Path) -> _Trial:
    """Send one child up."""
    scratch, foreign = folder / "scratch", folder / "foreign"
    scratch.mkdir(exist_ok=True)
    foreign.write_text("not for children", encoding="ascii")
    cage = Cage(scratch, (_TRIAL, *PYTHON))
    namespaces = [str(Path(f"/proc/self/ns/{name}").stat().st_ino) for name in ("net", "pid")]
    trial = [sys.executable, "-I", "-S", str(_TRIAL), str(foreign), *namespaces]
    try:
        done = subprocess.run(
            confined(trial, _LIMITS, cage, layers),
            cwd=scratch,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TRIAL_S,
            start_new_session=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _Trial("start", str(error))
    if done.returncode == _NOT_CONFINED:
        rung, _, reason = done.stderr.strip().removeprefix("not confined: ").partition(": ")
        return _Trial(rung, reason)
    if done.returncode != 0:
        return _Trial("start", done.stderr.strip() or f"exit code {done.returncode}")
    holding = frozenset(done.stdout.split())
    # What was ordered without complaint and yet does not hold is no rung either.
    broken = next((name for name in RUNGS if name in layers.rungs - holding), "")
    return _Trial(broken, "it was granted but has no effect", holding)
