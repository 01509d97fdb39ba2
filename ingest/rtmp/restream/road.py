"""The way to another server: its name resolved once, every answer judged, one connected to."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence

from pipeline.core import egress
from pipeline.core.egress import Rules
from pipeline.core.errors import UrlFailed
from pipeline.core.restream import Destination
from pipeline.core.restream_errors import TargetUnreachable
from pipeline.core.weburl import Address

CONNECT_S = 10.0
_MOST_ADDRESSES = 8

#: Tells the addresses a name stands for; may raise OSError.
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver, on a thread of the loop's."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def connected(
    to: Destination,
    rules: Rules,
    trust: ssl.SSLContext,
    *,
    resolve: Resolver = system_resolver,
) -> Ends:
    """Connect to the first address of a server that answers, encrypted where it is ``rtmps``.

    Raises:
        UrlRefused: one of its addresses is private; then none is tried.
        UrlFailed: ``url.tls``, its certificate is not valid for its name.
        TargetUnreachable: it has no address, or none answers.
    """
    refusal: Exception | None = None
    for address in await _addresses(to, rules, resolve):
        try:
            return await asyncio.wait_for(_open(to, address, trust), CONNECT_S)
        except ssl.SSLCertVerificationError as exc:
            raise UrlFailed(
                f"the server's certificate is not valid: {exc.verify_message}", code="url.tls"
            ) from exc
        except (OSError, TimeoutError) as exc:
            refusal = exc
    why = "it has no address" if refusal is None else "nobody answers there"
    raise TargetUnreachable(f"{to.server.authority} is not reached: {why}") from refusal


async def _addresses(to: Destination, rules: Rules, resolve: Resolver) -> Sequence[Address]:
    host, port = to.server.host, to.server.port
    if to.server.address is not None:
        answers: Sequence[str] = [host]
    else:
        try:
            answers = await asyncio.wait_for(resolve(host, port), CONNECT_S)
        except (OSError, UnicodeError, TimeoutError) as exc:
            raise TargetUnreachable(f"{host} cannot be resolved", code="url.unresolved") from exc
    judged = [rules.judge(egress.parsed(answer), port) for answer in answers]
    return judged[:_MOST_ADDRESSES]


async def _open(to: Destination, address: Address, trust: ssl.SSLContext) -> Ends:
    is_secure = to.server.scheme == "rtmps"
    return await asyncio.open_connection(
        str(address),
        to.server.port,
        ssl=trust if is_secure else None,
        server_hostname=to.server.host if is_secure else None,
    )
