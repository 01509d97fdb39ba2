"""A web address taken apart the way our own requests will use it, or refused.

Programs read a doubtful address in different ways, and what one checks another then opens.
So what could be read in two ways is refused, not repaired, and only the parts found here are
used afterwards, never the text.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import NoReturn
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import idna

from pipeline.core.errors import UrlRefused

Address = IPv4Address | IPv6Address

_URL_CHARS = 2048
_NAME_CHARS = 253
_PORTS = {"http": 80, "https": 443, "rtmp": 1935, "rtmps": 443}
#: Of servers that are asked, and of those that are published to.
WEB, STREAMING = ("http", "https"), ("rtmp", "rtmps")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
#: A last label like these makes programs read the name as a number of IPv4, in some base.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_IPV6 = re.compile(r"\[[0-9A-Fa-f:.]+\](:[0-9]*)?")
#: What may stand in a path or query; the percent sign too, for it escapes already.
_PATH_CHARS = "/?:@!$&'()*+,;=-._~%[]"


@dataclass(frozen=True)
class WebUrl:
    """An address of a server, nothing in it open to a second reading."""

    scheme: str
    #: ASCII, lower case, without a dot at its end or brackets.
    host: str
    port: int
    #: Path and query in ASCII, beginning with a slash.
    path: str
    #: The host, where it is no name.
    address: Address | None

    @property
    def authority(self) -> str:
        """Host and port as the header ``Host`` has them."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """The address without its query, which may hold secrets; for logs and people."""
        return f"{self.scheme}://{self.authority}{self.path.partition('?')[0]}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    def leads_to(self, location: str) -> "WebUrl":
        """Take apart where this address redirects to.

        Raises:
            UrlRefused: as for ``take_apart``.
        """
        try:
            return take_apart(urljoin(str(self), location))
        except ValueError:
            _refuse("the address it redirects to cannot be read")


def take_apart(url: str, schemes: Collection[str] = WEB) -> WebUrl:
    """Take an address of one of these schemes apart.

    Raises:
        UrlRefused: ``url.scheme``, ``url.credentials``, or ``url.invalid`` for all that is no
            address or could be read as more than one.
    """
    parts, port = _split(url, schemes)
    if not parts.netloc:
        _refuse("it names no host")
    if "@" in parts.netloc:
        raise UrlRefused(
            "the address holds a user name or password",
            code="url.credentials",
            remedy="Leave out what stands before the @; a signed link works.",
        )
    host, address = _host(parts)
    path = quote(parts.path or "/", safe=_PATH_CHARS)
    query = f"?{quote(parts.query, safe=_PATH_CHARS)}" if parts.query else ""
    scheme = parts.scheme.lower()
    return WebUrl(scheme, host, _PORTS[scheme] if port is None else port, path + query, address)


def _refuse(why: str) -> NoReturn:
    raise UrlRefused(f"not an address we can use: {why}")


def _split(url: str, schemes: Collection[str]) -> tuple[SplitResult, int | None]:
    if len(url) > _URL_CHARS:
        _refuse(f"it is longer than {_URL_CHARS} characters")
    # Some programs drop a tab or a line's end, and read a backslash as a slash.
    if any(char in " \\" or unicodedata.category(char)[0] in "CZ" for char in url):
        _refuse("it holds blanks, control characters or backslashes")
    if not url.lower().startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise UrlRefused(f"the address is not of {' or '.join(schemes)}", code="url.scheme")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        _refuse("host or port are malformed")
    return parts, port


def _host(parts: SplitResult) -> tuple[str, Address | None]:
    # Also the zone of an IPv6 address, which names a network card of ours.
    if "%" in parts.netloc:
        _refuse("its host is escaped")
    if "[" in parts.netloc or "]" in parts.netloc:
        return _ipv6(parts.netloc)
    name = _name(parts.hostname or "")
    if not _NUMBER.fullmatch(name.rpartition(".")[2]):
        return name, None
    try:
        address = IPv4Address(name)
    except ValueError:
        _refuse("write an IPv4 address as four decimal numbers")
    return str(address), address


def _ipv6(netloc: str) -> tuple[str, Address]:
    if not _IPV6.fullmatch(netloc):
        _refuse("its IPv6 address is malformed")
    try:
        address = IPv6Address(netloc[1 : netloc.index("]")])
    except ValueError:
        _refuse("its IPv6 address is malformed")
    return str(address), address


def _name(text: str) -> str:
    name = text if text.isascii() else _in_ascii(text)
    name = name.lower().removesuffix(".")
    if len(name) > _NAME_CHARS or not all(map(_LABEL.fullmatch, name.split("."))):
        _refuse("its host is not a name")
    return name


def _in_ascii(text: str) -> str:
    """Write a name as resolvers want it; digits in circles or full width become plain ones."""
    try:
        plain = idna.uts46_remap(text, std3_rules=False, transitional=False)
        return plain if plain.isascii() else idna.encode(plain).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        _refuse("its host is not a name")
