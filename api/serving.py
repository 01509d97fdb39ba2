"""How the API is served: inside one process, or as gunicorn's one worker with many threads."""

import ipaddress
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

import structlog
from flask import Flask

from api.embedded import EmbeddedServer
from pipeline.core.errors import Refused
from pipeline.settings import Settings

log = structlog.get_logger(__name__)

_BACKLOG = 128
#: How long a client that is still sending may go on after its answer, so that it reads it.
_LINGER_S = 2.0
_BLOCK_BYTES = 64 * 1024


def serve_embedded(app: Flask, host: str, port: int) -> EmbeddedServer:
    """Bind a server; the caller runs ``serve_forever`` on a thread and later ``shutdown``.

    Port 0 picks a free one; ``server.url`` and ``server.port`` tell which.

    Raises:
        Refused: the address cannot be bound (``http.bind``).
    """
    warn_if_open(host)
    return EmbeddedServer(app, _listener(host, port))


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Refused(
            f"Cannot listen on {host}:{port}: {error.strerror}.",
            code="http.bind",
            remedy="Choose another port (REELMILL_HTTP_PORT) or stop what uses this one.",
        ) from error


def warn_if_open(host: str) -> None:
    """Warn when others than this box can reach the server: between is plain HTTP."""
    if not is_own_box(host):
        log.warning("http.open_to_others", host=host)


def is_own_box(host: str) -> bool:
    """Tell whether an address to bind is one that this box alone can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve_gunicorn(app_factory: Callable[[], Flask], settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; returns by exiting the process, as gunicorn does.

    One worker process, because the hub of the websockets is one per process; its threads are
    those for plain requests and one for each websocket allowed, so that sockets cannot starve
    requests. The factory runs in the worker: connections are not shared over a fork.
    """
    from gunicorn.app.base import BaseApplication

    warn_if_open(settings.http_host)

    class Server(BaseApplication):  # type: ignore[misc]  # ships no types
        def load_config(self) -> None:
            for name, value in _gunicorn_config(settings).items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return app_factory()

    Server().run()


def _gunicorn_config(settings: Settings) -> dict[str, Any]:
    host = f"[{settings.http_host}]" if ":" in settings.http_host else settings.http_host
    threads = settings.http_threads + settings.websocket_clients
    return {
        "bind": f"{host}:{settings.http_port}",
        "workers": 1,
        "worker_class": _farewell_worker(),
        "threads": threads,
        # Waiting keep-alive connections cost no thread here.
        "worker_connections": threads + 1000,
        "keepalive": 15,
        # Heartbeat of the worker's main loop, not of requests: uploads may last hours.
        "timeout": 60,
        "graceful_timeout": 10,
        "backlog": _BACKLOG,
        "accesslog": None,
        "errorlog": "-",
        "loglevel": settings.log_level.lower(),
        "control_socket_disable": True,
    }


def _farewell_worker() -> type[Any]:
    """Make gthread's worker say goodbye to websockets as its first act of stopping.

    Without it they would take the whole grace period and then end without a close frame.
    """
    from gunicorn.workers.gthread import ThreadWorker

    class FarewellWorker(ThreadWorker):  # type: ignore[misc]  # ships no types
        def handle_exit(self, sig: int, frame: Any) -> None:
            close_sockets = self.wsgi.extensions.get("reelmill.close_sockets")
            if close_sockets is not None:
                # Not here: this is a signal handler, and the hub's lock may be held below it.
                Thread(target=close_sockets, name="farewell").start()
            super().handle_exit(sig, frame)

        def handle(self, conn: Any) -> Any:
            is_kept = super().handle(conn)
            if not is_kept:
                # The loop that takes new connections would do it itself, and take none meanwhile.
                _see_off(conn.sock)
            return is_kept

    return FarewellWorker


def _see_off(connection: socket.socket) -> None:
    """End our side, and let a client that is still sending read the answer, for a while."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + _LINGER_S
        while (left_s := deadline - time.monotonic()) > 0:
            connection.settimeout(left_s)
            if not connection.recv(_BLOCK_BYTES):
                return
    # Nobody shall wait for it once more.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
