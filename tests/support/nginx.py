"""A private nginx with the stack's own configuration."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.ports import free_port
from tests.support.product import ROOT
from tests.support.waiting import wait_until

_TEXT = (ROOT / "compose" / "nginx.conf").read_text()


def render(folder: Path, *, port: int, api: str, ingest: str = "") -> Path:
    """Write a copy of the configuration that runs anywhere."""
    text = _TEXT
    for before, after in (
        ("server api:8080;", f"server {api};"),
        ("server ingest:8081;", f"server {ingest or api};"),
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("/var/cache/nginx", str(folder / "cache")),
        ("/tmp/nginx", str(folder / "nginx")),
        ("/dev/stderr", str(folder / "error.log")),
    ):
        assert before in text
        text = text.replace(before, after)
    path = folder / "nginx.conf"
    # The folder belongs to whoever runs the tests, and so must the workers' files.
    path.write_text(f"user root;\n{text}" if folder.owner() == "root" else text)
    return path


@contextmanager
def running(folder: Path, api_url: str) -> Iterator[str]:
    """Run it before an API and yield its address."""
    port = free_port()
    config = render(folder, port=port, api=api_url.removeprefix("http://"))
    argv = ["nginx", "-e", "stderr", "-c", str(config), "-g", "daemon off;"]
    with subprocess.Popen(argv) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: _answers(url))
            yield url
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").is_success
    except httpx.TransportError:
        return False
