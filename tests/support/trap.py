"""Canaries that an attack file points at: files that tell who opened them, ports that listen."""

import ctypes
import os
import socket
import struct
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

MARK = b"CANARY-7f3a9c"
_IN_ACCESS, _IN_OPEN = 0x1, 0x20
_LIBC = ctypes.CDLL(None, use_errno=True)


class Trap:
    """A folder with canaries, for as long as the ``with`` block lasts."""

    def __init__(self, folder: Path, media: bytes) -> None:
        self.folder = folder
        self.media = media
        self._held = ExitStack()
        self._watched: dict[int, str] = {}
        self._opened: set[str] = set()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._notify = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self._held.callback(os.close, self._notify)
        # Media that plays, under every name that some demuxer would look for; and plain text.
        for name in ("canary.mp4", "001.jpg", "canary.sub", "canary.ts"):
            self._lay(name, self.media)
        self._lay("canary.txt", MARK)
        self._lay("ASSETMAP.xml", b"<AssetMap>" + MARK + b"</AssetMap>")
        self._tcp = self._held.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._tcp.setblocking(False)
        self.port = self._tcp.getsockname()[1]
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._held.close()

    def sprung(self) -> set[str]:
        """Name what was read or called so far."""
        with suppress(BlockingIOError):
            while data := os.read(self._notify, 65536):
                while data:
                    watched, _, _, length = struct.unpack_from("iIII", data)
                    self._opened.add(self._watched[watched])
                    data = data[16 + length :]
        with suppress(BlockingIOError):
            while True:
                self._tcp.accept()[0].close()
                self._opened.add("tcp")
        return self._opened

    def _lay(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.write_bytes(data)
        watched = _LIBC.inotify_add_watch(self._notify, bytes(path), _IN_ACCESS | _IN_OPEN)
        assert watched > 0
        self._watched[watched] = name
