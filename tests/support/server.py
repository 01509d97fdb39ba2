"""A private server process that fault tests may stop, kill, freeze and start again.

Port and folder belong to the object, so a restarted server is the same server to its
clients. Concrete servers say how to start and when they answer.
"""

import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

import psutil

#: What a server needs of an environment; ours is not handed down.
PLAIN_ENV: Mapping[str, str] = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
}


class ServerError(RuntimeError):
    """A server under test did not start; the text ends with what it printed."""


class Server(ABC):
    """One server on loopback in a folder of its own below the system's temporary folder."""

    name: ClassVar[str]
    #: Asks for a clean shutdown.
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    ready_within_s: ClassVar[float] = 60.0
    stopped_within_s: ClassVar[float] = 30.0

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix=f"reelmill-{self.name}-"))
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def argv(self) -> Sequence[str]:
        """Give the command line that runs the server in the foreground."""

    @abstractmethod
    def is_answering(self) -> bool:
        """Tell whether a client would be served now."""

    def env(self) -> Mapping[str, str]:
        """Give the whole environment of the server."""
        return PLAIN_ENV

    @property
    def is_running(self) -> bool:
        """Whether the process is there (it may be frozen)."""
        return self._process is not None and self._process.poll() is None

    @property
    def output(self) -> str:
        """What the server printed since it was first started."""
        return self._output_path.read_text(errors="replace")

    def start(self) -> Self:
        """Start, or start again on the same port and folder; returns when it answers."""
        self.launch()
        self.wait_until_ready()
        return self

    def launch(self) -> None:
        """Start without waiting; only from a thread that lives on, for its end ends the server."""
        with self._output_path.open("ab") as output:
            self._process = subprocess.Popen(
                # Dies with the tests, however they end.
                ["setpriv", "--pdeathsig", "KILL", "--", *self.argv()],
                cwd=self.folder,
                env=dict(self.env()),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Shut down cleanly; a server that does not obey is killed."""
        if self._process is None:
            return
        self.resume()
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(self.stopped_within_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill the process and its children as a power cut would; returns when all are gone."""
        if self._process is None:
            return
        family = self._family()
        for process in family:
            _signal(process, signal.SIGKILL)
        psutil.wait_procs(family, timeout=self.stopped_within_s)
        self._process.wait(self.stopped_within_s)

    def restart(self) -> None:
        """Stop cleanly and start again."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: connections stay open and nobody answers."""
        for process in self._family():
            _signal(process, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on."""
        for process in self._family():
            _signal(process, signal.SIGCONT)

    def close(self) -> None:
        """Stop for good and remove the folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.kill()
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _output_path(self) -> Path:
        return self.folder / "output.txt"

    def _family(self) -> list[psutil.Process]:
        if self._process is None or self._process.poll() is not None:
            return []
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]

    def wait_until_ready(self) -> None:
        """Wait until it answers; one that ends instead is an error."""
        give_up_at = time.monotonic() + self.ready_within_s
        while not self.is_answering():
            if not self.is_running or time.monotonic() > give_up_at:
                self.kill()
                raise ServerError(f"{self.name} did not start: {self.output[-2000:]}")
            time.sleep(0.05)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return  # gone by itself, which is as good
