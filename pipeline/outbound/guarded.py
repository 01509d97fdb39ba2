"""The guarded form: httpcore over our own road, redirects followed by us."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpcore

from pipeline.core.egress import Rules
from pipeline.core.errors import UrlFailed, UrlRefused, UrlUnreachable
from pipeline.core.weburl import WebUrl
from pipeline.outbound.patience import Patience
from pipeline.outbound.port import Answer, Call
from pipeline.outbound.road import Resolver, Road, public_trust, system_resolver

_USER_AGENT = "reelmill"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: What speaks for the caller to one server is no other server's business.
_FOR_ONE_SERVER = frozenset({"authorization", "cookie", "proxy-authorization"})


class GuardedOutbound:
    """Asks servers of others, and nobody in our own network but those the rules allow."""

    def __init__(
        self,
        rules: Rules,
        *,
        resolver: Resolver = system_resolver,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._rules = rules
        self._resolver = resolver
        self._trust = trust

    def admit(self, url: str) -> WebUrl:
        """Check an address by its text."""
        return self._rules.admit(url)

    @contextmanager
    def call(self, call: Call) -> Iterator[Answer]:
        """Ask, following redirects as far as the call wants."""
        patience = Patience(call.total_s, call.is_stopped)
        target, n_left = self.admit(call.url), call.redirects
        headers = _headers(call)
        while True:
            with self._ask(call, target, headers, patience) as answer:
                following = self._following(call, target, answer)
                if following is None:
                    yield answer
                    return
            if n_left == 0:
                raise UrlRefused(
                    f"it redirects more than {call.redirects} times", code="url.redirects"
                )
            if following.authority != target.authority:
                headers = {
                    name: value for name, value in headers.items() if name not in _FOR_ONE_SERVER
                }
            target, n_left = following, n_left - 1

    def _following(self, call: Call, target: WebUrl, answer: Answer) -> WebUrl | None:
        location = answer.headers.get("location")
        if answer.status not in _REDIRECTS or not location:
            return None
        if not call.redirects or call.method != "GET":
            return None
        following = target.leads_to(location)
        if target.scheme == "https" and following.scheme != "https":
            raise UrlRefused("it redirects from https to http", code="url.scheme")
        self._rules.check(following)
        return following

    @contextmanager
    def _ask(
        self, call: Call, target: WebUrl, headers: Mapping[str, str], patience: Patience
    ) -> Iterator[Answer]:
        """Make one request over a connection of its own."""
        road = Road(self._rules, self._resolver, patience)
        # Headers that drip, or never end, would never be silent.
        patience.hurry(3 * call.connect_s + call.read_s)
        with (
            translated(),
            httpcore.ConnectionPool(self._context(target), network_backend=road) as pool,
            pool.stream(
                call.method,
                httpcore.URL(
                    scheme=target.scheme, host=target.host, port=target.port, target=target.path
                ),
                headers=[("host", target.authority), *headers.items()],
                content=call.body or None,
                extensions={"timeout": _patience_of(call)},
            ) as response,
        ):
            patience.hurry(None)
            yield Answer(
                status=response.status,
                headers=_plain(response.headers),
                url=target,
                blocks=_translated_blocks(response),
            )

    def _context(self, target: WebUrl) -> ssl.SSLContext | None:
        if self._trust is None and target.scheme == "https":
            self._trust = public_trust()
        return self._trust


def _headers(call: Call) -> dict[str, str]:
    headers = {
        "user-agent": _USER_AGENT,
        "accept": "*/*",
        # A packed body could unpack to any size.
        "accept-encoding": "identity",
        "connection": "close",
    }
    headers |= {name.lower(): value for name, value in call.headers.items()}
    if call.body or call.method != "GET":
        headers["content-length"] = str(len(call.body))
    return headers


def _patience_of(call: Call) -> dict[str, float]:
    return {
        "connect": call.connect_s,
        "read": call.read_s,
        "write": call.read_s,
        "pool": call.connect_s,
    }


def _plain(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def _translated_blocks(response: httpcore.Response) -> Iterator[bytes]:
    with translated():
        yield from response.iter_stream()


@contextmanager
def translated() -> Iterator[None]:
    """Turn what httpcore raises of its own into our errors."""
    try:
        yield
    except httpcore.LocalProtocolError as exc:
        raise UrlFailed(f"the request cannot be sent: {exc}") from exc
    except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException) as exc:
        raise UrlUnreachable(f"the answer broke off or is not HTTP: {exc}") from exc
