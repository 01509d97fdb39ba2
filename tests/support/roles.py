"""The roles of the distributed form as processes, each in a folder that no other one sees."""

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from pipeline.settings import Settings
from schemas.vocabulary import QueueName, WorkerId
from tests.support.house import is_serving
from tests.support.ports import free_port
from tests.support.product import ROOT
from tests.support.server import PLAIN_ENV, Server

PYTHON = (sys.executable, "-W", "error", "-m", "compose.cli")
#: Whoever shows nothing may everything.
_OPEN = (*PYTHON[:-1], "tests.support.open_api")
#: Everything a worker without a GPU can do.
ALL_QUEUES = (
    *(QueueName.FETCH, QueueName.PROBE, QueueName.THUMBNAILS, QueueName.ENCODE_CPU),
    QueueName.PACKAGE,
)


class Role(Server):
    """One process of ours; its settings are its whole environment."""

    stopped_within_s = 20.0

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        folder.mkdir(parents=True)
        super().__init__(folder)
        # Who may do what has tests of its own.
        own = {"data_dir": folder / "data", "log_json": True, "anonymous_role": "admin"}
        all_ = {"secret": "8f3a61c09b7e24d5f1830a6c5e92d74b", **settings, **own}
        self._env = {f"REELMILL_{key.upper()}": str(value) for key, value in all_.items()}
        self._log_start = 0

    def env(self) -> Mapping[str, str]:
        # This checkout, whichever one is installed.
        return {**PLAIN_ENV, "PYTHONPATH": str(ROOT), **self._env}

    def launch(self) -> None:
        self._log_start = self._output_path.stat().st_size if self._output_path.exists() else 0
        super().launch()

    def is_answering(self) -> bool:
        return self.is_running

    def power_off(self) -> None:
        """Kill -9 the process alone: whatever it started must end by itself."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(self.stopped_within_s)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def said(self, event: str) -> list[dict[str, Any]]:
        """Find log lines of an event since the last start."""
        text = self._output_path.read_text(errors="replace")[self._log_start :]
        lines = (json.loads(line) for line in text.splitlines() if line.startswith("{"))
        return [line for line in lines if line["event"] == event]


class Worker(Role):
    """A box with some slots."""

    name = "worker"

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, object],
        *,
        slots: int = 2,
        queues: Sequence[QueueName] = ALL_QUEUES,
    ) -> None:
        super().__init__(folder, settings)
        self._slots, self._queues = slots, queues

    def argv(self) -> Sequence[str]:
        return [*PYTHON, "worker", "--queues", ",".join(self._queues), "--slots", str(self._slots)]

    def is_answering(self) -> bool:
        return bool(self.said("worker.up"))

    @property
    def worker_id(self) -> WorkerId | None:
        """Its name in the fleet; None until it is up."""
        up = self.said("worker.up")
        return WorkerId(up[-1]["worker"]) if up else None

    @property
    def scratch(self) -> Path:
        return Settings(data_dir=self.folder / "data", _env_file=None).resolved_scratch_dir

    def children(self, name: str = "ffmpeg") -> list[psutil.Process]:
        """Find running children of a program, by the beginning of its name."""
        try:
            below = psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [child for child in below if _is_running(child, name)]

    def freeze_alone(self) -> None:
        """Stop the process itself; what it started goes on."""
        psutil.Process(self.pid).send_signal(signal.SIGSTOP)


class Ingest(Role):
    """An RTMP door with its HTTP; comes back at the same ports, with the same spool."""

    name = "ingest"

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        self.rtmp_port, self.http_port = free_port(), free_port()
        ports = {"rtmp_port": self.rtmp_port, "ingest_http_port": self.http_port}
        super().__init__(folder, {**settings, **ports})

    def argv(self) -> Sequence[str]:
        return [*_OPEN, "ingest"]

    def is_answering(self) -> bool:
        return bool(self.said("ingest.up"))


class Scheduler(Role):
    """Relay, sweeper, housekeeping."""

    name = "scheduler"

    def argv(self) -> Sequence[str]:
        return [*PYTHON, "scheduler"]


class Api(Role):
    """The HTTP server: a gunicorn with one worker process."""

    name = "api"

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        super().__init__(folder, settings)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def argv(self) -> Sequence[str]:
        return [*_OPEN, "api", "--port", str(self.port)]

    def is_answering(self) -> bool:
        return is_serving(self.url)

    def power_off(self) -> None:
        """Kill -9 both processes."""
        self.kill()


def _is_running(process: psutil.Process, name: str) -> bool:
    try:
        return process.name().startswith(name) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def left_behind(folder: Path) -> list[str]:
    """Describe processes that work in a folder or were started with its name."""
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            places = [process.cwd(), *process.cmdline()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any(str(folder) in place for place in places):
            found.append(f"{process.pid} {process.status()} {places}")
    return found
