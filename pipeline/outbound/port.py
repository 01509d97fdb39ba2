"""What we ask servers of others, and what they answer."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.core.errors import TooLarge
from pipeline.core.weburl import WebUrl


@dataclass(frozen=True)
class Call:
    """One request, with all the patience it gets."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: Redirects that are followed, each checked like the first address; only of a GET.
    #: At none left, or none wanted, the redirect is the answer, or an error if some were.
    redirects: int = 0
    #: Patience with resolving, connecting and the handshake, each.
    connect_s: float = 10.0
    #: Longest silence.
    read_s: float = 30.0
    #: Longest time for all of it, the body's reading included; None is any.
    total_s: float | None = None
    #: Asked several times a second; once true, the call ends with ``Stopped``.
    is_stopped: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Answer:
    """A server's answer, its body still to be read; whatever the status."""

    status: int
    #: Names in lower case.
    headers: Mapping[str, str]
    #: What answered, after redirects.
    url: WebUrl
    #: The body as it was sent, in whatever encoding; we ask for none.
    blocks: Iterator[bytes]

    def read(self, limit_bytes: int) -> bytes:
        """Read all of the body.

        Raises:
            TooLarge: ``url.too_large``, it has more bytes.
            UrlUnreachable: it broke off or took too long.
        """
        body = bytearray()
        for block in self.blocks:
            body += block
            if len(body) > limit_bytes:
                raise TooLarge(
                    f"the answer has more than {limit_bytes} bytes", code="url.too_large"
                )
        return bytes(body)


class Outbound(Protocol):
    """The only way our processes speak to addresses that strangers named."""

    def admit(self, url: str) -> WebUrl:
        """Check an address as far as its text shows what it is, without any request.

        Raises:
            UrlRefused: it is refused.
        """

    def call(self, call: Call) -> AbstractContextManager[Answer]:
        """Ask; the connection is closed with the context.

        Every name is resolved once per connection, every address it stands for is judged, and
        the connection goes to one of those very addresses. No proxy, no cookie, nothing of the
        environment has a part in it.

        Raises:
            UrlRefused: the address, or one it redirects to, leads where we do not go; not retried.
            UrlFailed: ``url.tls``, the server's certificate is not valid; not retried.
            UrlUnreachable: nobody answered in time, or not to the end; it may next time.
            Stopped: the call was asked to end.
        """
