"""What a hostile child would like to reach: files, sockets and a process of the same user."""

import json
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_VICTIM = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(0x59616D61, -1, 0, 0, 0)  # anybody may trace it, where Yama would object
held = ctypes.create_string_buffer(b"mystery")
print(os.getpid(), ctypes.addressof(held), flush=True)
sys.stdin.read()
"""


class World:
    """Everything is set up at entry and heard out at the end."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.scratch = folder / "scratch"
        self.source = folder / "sources" / "own"
        self._folder = folder
        self._held = ExitStack()
        self._listening: list[socket.socket] = []

    def __enter__(self) -> Self:
        for path in (self.data, self.scratch, self.source.parent):
            path.mkdir(parents=True)
        for name in ("asset", "reelmill.db", "private"):
            (self.data / name).write_text(name, encoding="ascii")
        (self.data / "private").chmod(0o600)
        self.source.write_text("its own", encoding="ascii")
        (self.scratch / "own").write_text("its own", encoding="ascii")
        self._facts = {**self._files(), **self._sockets(), **self._process()}
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._held.close()

    def told(self) -> str:
        """Say all of it to a child."""
        return json.dumps(self._facts)

    def calls(self) -> list[str]:
        """Name the sockets that anybody came to."""
        heard = []
        for listening in self._listening:
            try:
                if listening.type == socket.SOCK_DGRAM:
                    listening.recv(16)
                else:
                    listening.accept()[0].close()
            except BlockingIOError:
                continue
            heard.append(str(listening.getsockname()))
        return heard

    def _files(self) -> dict[str, Any]:
        return {
            "data": str(self.data),
            "scratch": str(self.scratch),
            "source": str(self.source),
            "own": str(self.scratch / "own"),
            "asset": str(self.data / "asset"),
            "database": str(self.data / "reelmill.db"),
            "private": str(self.data / "private"),
            "secret": "s3cret",
        }

    def _sockets(self) -> dict[str, Any]:
        nameless = f"reelmill-{id(self)}-{self._folder.name}"
        # The path of a unix socket is short.
        path = (
            Path(self._held.enter_context(tempfile.TemporaryDirectory(prefix="world-"))) / "socket"
        )
        return {
            "tcp": self._listen(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))[1],
            "tcp6": self._listen(socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0))[1],
            "udp": self._listen(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))[1],
            "unix": self._listen(socket.AF_UNIX, socket.SOCK_STREAM, str(path)),
            "abstract": self._listen(socket.AF_UNIX, socket.SOCK_STREAM, f"\0{nameless}")
            and nameless,
        }

    def _listen(self, family: int, kind: int, address: Any) -> Any:
        listening = self._held.enter_context(socket.socket(family, kind))
        listening.bind(address)
        if kind == socket.SOCK_STREAM:
            listening.listen()
        listening.setblocking(False)
        self._listening.append(listening)
        return listening.getsockname()

    def _process(self) -> dict[str, Any]:
        victim = self._held.enter_context(
            subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _VICTIM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        )
        self._held.callback(victim.kill)
        assert victim.stdout is not None
        pid, address = map(int, victim.stdout.readline().split())
        return {"victim": pid, "victim_address": address, "victim_group": pid}
