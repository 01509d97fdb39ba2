"""node-media-server: installed for the bench alone, into a folder below build."""

import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.node import program
from tests.support.ports import free_ports
from tests.support.product import ROOT
from tests.support.server import Server

VERSION = "4.4.3"
_PACKAGES = ROOT / "build" / "node-media-server"
_APP = _PACKAGES / "node_modules" / "node-media-server" / "bin" / "app.js"


def install() -> None:
    """Fetch it unless it is there; no script of its packages runs.

    Raises:
        RuntimeError: npm could not.
    """
    if _APP.is_file():
        return
    argv = [
        *(program("npm"), "install", "--prefix", str(_PACKAGES), "--ignore-scripts"),
        *("--no-audit", "--no-fund", f"node-media-server@{VERSION}"),
    ]
    _PACKAGES.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"node-media-server was not installed: {done.stderr[-500:]}")


class NodeMedia(Server):
    """One of it."""

    name = "node-media-server"

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder)
        self.port, self.http_port, self._https_port, self._rtmps_port = free_ports(4)

    def argv(self) -> Sequence[str]:
        return [
            *(program(), str(_APP), "-b", "127.0.0.1", "--no-admin"),
            *("--rtmp-port", str(self.port), "--http-port", str(self.http_port)),
            *("--https-port", str(self._https_port), "--rtmps-port", str(self._rtmps_port)),
            *("--data-path", str(self.folder / "data")),
        ]

    def is_answering(self) -> bool:
        return _listens(self.port) and _listens(self.http_port)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
