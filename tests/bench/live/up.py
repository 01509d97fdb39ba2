"""``reelmill up`` as a process, with its RTMP door."""

from collections.abc import Sequence
from pathlib import Path

from tests.support.house import is_serving
from tests.support.ports import free_port
from tests.support.roles import PYTHON, Role


class Up(Role):
    """Everything in one process, work and all."""

    name = "up"

    def __init__(self, folder: Path) -> None:
        self._rtmp_port, self._http_port = free_port(), free_port()
        super().__init__(folder, {"rtmp_port": self._rtmp_port})

    def argv(self) -> Sequence[str]:
        data = str(self.folder / "data")
        return [*PYTHON, "up", "--data", data, "--port", str(self._http_port)]

    @property
    def url(self) -> str:
        """Where its HTTP is."""
        return f"http://127.0.0.1:{self._http_port}"

    def rtmp(self, key: str) -> str:
        """Tell where to publish."""
        return f"rtmp://127.0.0.1:{self._rtmp_port}/live/{key}"

    def is_answering(self) -> bool:
        return is_serving(self.url)
