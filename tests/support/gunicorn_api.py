"""The API as `reelmill api` serves it: gunicorn, over an embedded pipeline."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.support.ports import free_port

SERVER = """
import sys
from pathlib import Path
from compose.http import application
from api.serving import serve_gunicorn
from pipeline.bootstrap import build
from pipeline.settings import Settings

settings = Settings(
    data_dir=Path(sys.argv[1]), http_port=int(sys.argv[2]), http_threads=4, websocket_clients=3,
    anonymous_role="admin", _env_file=None,
)
serve_gunicorn(lambda: application(build(settings)), settings)
"""


class Gunicorn:
    """The API as `reelmill api` serves it."""

    def __init__(self, data_dir: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        argv = [sys.executable, "-c", SERVER, str(data_dir), str(self.port)]
        self.process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)
