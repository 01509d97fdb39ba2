"""Where streams are pushed on to: addresses as services that take streams show them."""

from dataclasses import dataclass
from typing import NoReturn

from pipeline.core.egress import DEFAULT_PORTS, Rules
from pipeline.core.errors import UrlRefused
from pipeline.core.weburl import STREAMING, WebUrl, take_apart

#: What services take streams at, beside what is asked anyway.
PORTS = "443,1935,1936,2935"

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
#: A connection that lasted so long was a good one: the next pause is the first again.
STEADY_S = 30.0


@dataclass(frozen=True)
class Destination:
    """A server, and the application on it; the key is kept apart."""

    server: WebUrl
    app: str

    @property
    def url(self) -> str:
        """The address as the server is told it, and as it is shown."""
        return str(self.server)


def rules_of(allowed: str, ports: str = DEFAULT_PORTS) -> Rules:
    """Read the operator's rules for requests, and let servers for streams be reached besides."""
    return Rules.read(allowed, f"{ports},{PORTS}")


def destination(url: str, rules: Rules) -> Destination:
    """Take apart where to publish, as far as its text shows that we may.

    Raises:
        UrlRefused: ``restream.address``, it is none to publish to; else as for requests.
    """
    if not url.lower().startswith(("rtmp://", "rtmps://")):
        _refuse("it must begin with rtmps:// or rtmp://")
    server = take_apart(url, STREAMING)
    path, _, query = server.path.partition("?")
    if query:
        # Addresses are shown to whoever may see the target.
        _refuse("what stands behind its question mark belongs to the key")
    if not path.strip("/"):
        _refuse("it names no application, such as /live")
    rules.check(server)
    return Destination(server, path.strip("/"))


def _refuse(why: str) -> NoReturn:
    raise UrlRefused(
        f"not an address to publish to: {why}",
        code="restream.address",
        remedy="Copy the address of the server without the key: the key has a field of its own.",
    )


def pause_s(n_failed: int) -> float:
    """Tell how long to wait before the next try: twice as long each time, to a minute."""
    return float(min(FIRST_PAUSE_S * 2 ** min(n_failed - 1, 10), LONGEST_PAUSE_S))
