"""A private nginx with the RTMP module of its packages: a target, a server in front, a peer."""

import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.ports import free_port
from tests.support.waiting import wait_until

MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")


def module() -> Path:
    """Find it. Raises FileNotFoundError."""
    if not MODULE.exists():
        raise FileNotFoundError(MODULE)
    return MODULE


class NginxRtmp:
    """Runs as long as the block; ``FOLDER`` in its applications is a folder of its own."""

    def __init__(self, folder: Path, applications: str, *, http: str = "") -> None:
        self.folder = folder / "nginx-rtmp"
        self.folder.mkdir()
        self.port, self.http_port = free_port(), free_port()
        self._applications = applications.replace("FOLDER", str(self.folder))
        self._http = http.replace("FOLDER", str(self.folder))

    def url(self, application: str) -> str:
        """Address of one of its applications."""
        return f"rtmp://127.0.0.1:{self.port}/{application}"

    @property
    def http_url(self) -> str:
        """Address of what it serves over HTTP."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def pid(self) -> int:
        """The master's; there is no other process."""
        return self._process.pid

    def __enter__(self) -> Self:
        config = self.folder / "nginx.conf"
        config.write_text(self._config())
        argv = ["nginx", "-p", str(self.folder), "-c", str(config), "-e", str(self.folder / "log")]
        self._process = subprocess.Popen(argv)
        wait_until(self._listens)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _config(self) -> str:
        # One process: what it costs is read from it alone.
        return f"""
load_module {module()};
daemon off; master_process off; pid {self.folder}/pid;
error_log {self.folder}/error.log info;
events {{ worker_connections 512; }}
rtmp {{ server {{ listen 127.0.0.1:{self.port}; chunk_size 4096; {self._applications} }} }}
http {{
  access_log off;
  types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
  client_body_temp_path {self.folder}/t1; proxy_temp_path {self.folder}/t2;
  fastcgi_temp_path {self.folder}/t3; uwsgi_temp_path {self.folder}/t4;
  scgi_temp_path {self.folder}/t5;
  server {{ listen 127.0.0.1:{self.http_port}; {self._http} }}
}}
"""

    def _listens(self) -> bool:
        if self._process.poll() is not None:
            raise AssertionError((self.folder / "log").read_text())
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
