"""Free TCP ports on loopback for private servers."""

import secrets
import socket
from contextlib import closing

#: Below the kernel's ephemeral range. While a server is down in a fault test, a client that
#: keeps dialling an ephemeral port can be given that very port as its own source port and
#: connect to itself; here that cannot happen, and no outgoing connection takes the port away.
_FIRST, _END = 20_000, 32_000

_given: set[int] = set()


def free_port() -> int:
    """Pick a port nobody listens on; never the same one twice in a process."""
    while True:
        port = _FIRST + secrets.randbelow(_END - _FIRST)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def free_ports(n_ports: int) -> list[int]:
    """Pick several different free ports."""
    return [free_port() for _ in range(n_ports)]


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
