"""The API over an embedded pipeline, served on a free port for as long as a test needs it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from flask import Flask

from api.client import Client
from api.embedded import EmbeddedServer
from api.serving import serve_embedded
from compose.http import application
from pipeline.bootstrap import Pipeline, build
from pipeline.settings import Settings


@dataclass(frozen=True)
class Served:
    """A running API and what it works on."""

    pipeline: Pipeline
    app: Flask
    server: EmbeddedServer
    client: Client

    @property
    def url(self) -> str:
        """Address of the server."""
        return self.server.url


@contextmanager
def serving(data_dir: Path, *, dry_run_wait_s: float = 0.6, **settings: object) -> Iterator[Served]:
    """Serve until the block ends; nothing of it stays."""
    data_dir.mkdir(exist_ok=True)
    # Who may do what has tests of its own.
    chosen = {"anonymous_role": "admin", "rate_limits": "never", **settings}
    pipeline = build(Settings(data_dir=data_dir, _env_file=None, **chosen))
    app = application(pipeline, dry_run_wait_s=dry_run_wait_s)
    with running(app) as server, Client(server.url) as client:
        yield Served(pipeline, app, server, client)
    pipeline.close()


@contextmanager
def running(app: Flask) -> Iterator[EmbeddedServer]:
    """Serve an application until the block ends."""
    server = serve_embedded(app, "127.0.0.1", 0)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()


def eventually(is_so: Callable[[], bool], within_s: float = 10.0) -> bool:
    """Ask again and again until it is so; False when the time is up."""
    deadline = time.monotonic() + within_s
    pause = Event()
    while not is_so():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.02)
    return True
