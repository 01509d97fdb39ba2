"""The sockets of the door, and the connections that came in by them."""

import asyncio
import ssl
from pathlib import Path

import structlog

from ingest.rtmp.admission import Doorkeeper
from ingest.rtmp.connection import Connection, Desk
from ingest.rtmp.inlet import ROOM_BYTES, Inlet
from ingest.rtmp.rounds import Rounds
from pipeline.core.errors import InvalidRequest, Refused
from pipeline.core.neighbours import network_of
from pipeline.settings import Settings

log = structlog.get_logger(__name__)

_BACKLOG = 128
_HANDSHAKE_S = 10.0


class Listener:
    """On the door's loop."""

    def __init__(self, settings: Settings, desk: Desk) -> None:
        self._settings = settings
        self._desk = desk
        self._doorkeeper = Doorkeeper(
            most=settings.rtmp_connections, most_per_address=settings.rtmp_connections_per_address
        )
        self._servers: list[asyncio.Server] = []
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._rounds = Rounds()
        self._room = memoryview(bytearray(ROOM_BYTES))
        self.port = 0

    async def bind(self) -> None:
        """Take the ports; nobody is let in yet.

        Raises:
            Refused: one cannot be had (``rtmp.bind``).
            InvalidRequest: the certificate cannot be used (``rtmp.certificate``).
        """
        settings = self._settings
        tls = _tls(settings) if settings.rtmps_port else None
        try:
            self._servers.append(await self._bound(settings.rtmp_port, None, "RTMP"))
            if tls is not None:
                self._servers.append(await self._bound(settings.rtmps_port, tls, "RTMPS"))
        except Refused:
            for server in self._servers:
                server.close()
            raise
        self.port = int(self._servers[0].sockets[0].getsockname()[1])

    async def _bound(self, port: int, tls: ssl.SSLContext | None, name: str) -> asyncio.Server:
        host = self._settings.rtmp_host
        try:
            return await asyncio.get_running_loop().create_server(
                lambda: Inlet(self._room, self._rounds, self._arrived),
                host,
                port,
                ssl=tls,
                ssl_handshake_timeout=None if tls is None else _HANDSHAKE_S,
                backlog=_BACKLOG,
                start_serving=False,
            )
        except OSError as error:
            raise Refused(
                f"Cannot listen for {name} on {host}:{port}: {error.strerror}.",
                code="rtmp.bind",
                remedy=f"Choose another port (REELMILL_{name}_PORT) or stop what uses this one.",
            ) from error

    async def listen(self) -> None:
        """Let publishers in."""
        for server in self._servers:
            await server.start_serving()

    def _arrived(self, inlet: Inlet) -> None:
        peer = inlet.transport.get_extra_info("peername")
        address = network_of(str(peer[0]) if peer else "")
        if not self._doorkeeper.enter(address):
            log.warning("door.full", address=address, n=self._doorkeeper.n_connections)
            inlet.transport.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(inlet, address))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, inlet: Inlet, address: str) -> None:
        connection = Connection(
            self._desk,
            inlet,
            address=address,
            bitrate_limit_bps=self._settings.rtmp_bitrate_limit_bps,
        )
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self._doorkeeper.leave(address)

    async def close(self) -> None:
        """Let nobody in any more, and end who is."""
        for server in self._servers:
            server.close()
        for connection in list(self._connections):
            connection.cut()
        for server in self._servers:
            await server.wait_closed()


def _tls(settings: Settings) -> ssl.SSLContext:
    certificate, key = settings.rtmps_certificate, settings.rtmps_key
    try:
        if certificate is None:
            raise InvalidRequest(
                "RTMPS needs a certificate.",
                code="rtmp.certificate",
                remedy="Set REELMILL_RTMPS_CERTIFICATE and REELMILL_RTMPS_KEY.",
            )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key if key is not None else None)
    except (OSError, ssl.SSLError) as error:
        raise InvalidRequest(
            f"The certificate of RTMPS cannot be used: {_name(certificate)}.",
            code="rtmp.certificate",
            remedy="REELMILL_RTMPS_CERTIFICATE and REELMILL_RTMPS_KEY name PEM files that match.",
        ) from error
    return context


def _name(path: Path | None) -> str:
    return "" if path is None else path.name
