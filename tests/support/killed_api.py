"""``reelmill up`` as a process that may be killed and started again on the same port and folder."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.house import is_serving
from tests.support.ports import free_port
from tests.support.roles import Role


class Up(Role):
    """The embedded form."""

    name = "up"

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        super().__init__(folder, settings)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def argv(self) -> Sequence[str]:
        data = str(self.folder / "data")
        command = (sys.executable, "-W", "error", "-m", "compose.cli", "up")
        return [*command, "--data", data, "--port", str(self.port)]

    def is_answering(self) -> bool:
        return is_serving(self.url)
