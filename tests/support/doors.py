"""Upload doors as processes of their own: the one others use, and ours."""

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from tests.support.node import SCRIPTS, program
from tests.support.ports import free_port
from tests.support.server import Server
from tests.support.wire import Wire, WireError

TUS_PATH = "/api/upload/video/tus"


class Door(Server):
    """Takes uploads at ``url``; may be killed and started again."""

    stopped_within_s = 20.0

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder)
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.url = self.base_url + TUS_PATH
        self.data = self.folder / "data"

    def is_answering(self) -> bool:
        try:
            with Wire(self.url) as wire:
                return wire.ask("OPTIONS", TUS_PATH).status in {200, 204}
        except (OSError, WireError):
            return False

    @abstractmethod
    def stored(self, location: str) -> Path:
        """Find the bytes of a finished upload."""

    def sha256(self, location: str) -> str:
        """Digest them."""
        with self.stored(location).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class ReferenceDoor(Door):
    """``@tus/server`` over its file store. Raises FileNotFoundError where Node is missing."""

    name = "tus-server"

    def argv(self) -> Sequence[str]:
        return [program(), str(SCRIPTS / "reference.mjs"), str(self.data), str(self.port)]

    def stored(self, location: str) -> Path:
        return self.data / location.rsplit("/", 1)[1]
