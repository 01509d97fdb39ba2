"""From a name to a connection: resolved once, every answer judged, one of them connected to."""

import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from threading import Thread

import httpcore

from pipeline.core import egress
from pipeline.core.errors import UrlUnreachable
from pipeline.core.weburl import Address
from pipeline.outbound.patience import Patience
from pipeline.outbound.wire import Wire, connect

#: Tells the addresses a name stands for; may raise OSError.
Resolver = Callable[[str, int], Sequence[str]]

#: More answers than this are nobody's honest ones, or more than anybody would try.
_MOST_ADDRESSES = 8


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Road(httpcore.NetworkBackend):
    """The only way to a socket that a call's pool has."""

    def __init__(self, rules: egress.Rules, resolve: Resolver, patience: Patience) -> None:
        self._rules = rules
        self._resolve = resolve
        self._patience = patience

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002  # httpcore's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that answers.

        Raises:
            UrlRefused: one of its addresses is private; then none is tried.
            UrlUnreachable: it has none, or none answers.
        """
        answers = [host] if egress.is_literal(host) else self._ask(host, port, timeout)
        addresses = [self._rules.judge(egress.parsed(answer), port) for answer in answers]
        return Wire(self._first(addresses[:_MOST_ADDRESSES], port, timeout), self._patience)

    def _ask(self, host: str, port: int, limit_s: float | None) -> Sequence[str]:
        """Resolve in a thread of its own, for nothing can interrupt the system's resolver."""
        answer: Future[Sequence[str]] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._resolve(host, port))
            except (OSError, UnicodeError) as exc:
                answer.set_exception(
                    UrlUnreachable(f"{host} cannot be resolved: {exc}", code="url.unresolved")
                )

        Thread(target=ask, name="resolve", daemon=True).start()
        return self._patience.wait(answer.result, limit_s)

    def _first(
        self, addresses: Sequence[Address], port: int, limit_s: float | None
    ) -> socket.socket:
        refusal = UrlUnreachable("its name has no address", code="url.unresolved")
        for address in addresses:
            try:
                return connect(address, port, self._patience, limit_s)
            except UrlUnreachable as exc:
                refusal = exc
        raise refusal

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Refuse: no server of others lies there."""
        raise UrlUnreachable("a socket of this box is no server of others")


def public_trust() -> ssl.SSLContext:
    """Trust the authorities browsers trust, whatever the environment says."""
    import certifi

    return ssl.create_default_context(cafile=certifi.where())
