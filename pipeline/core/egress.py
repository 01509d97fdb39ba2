"""Where our own requests may go: an address strangers name must not lead into our network.

An address is checked twice: as text, where it shows already what it is (``admit``), and then as
every address its name stands for (``judge``), whatever wrapping of IPv6 that comes in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NoReturn

from pipeline.core.errors import UrlRefused
from pipeline.core.weburl import Address, WebUrl, take_apart

Network = IPv4Network | IPv6Network

#: Web servers' own, and those that people run one on without privileges.
DEFAULT_PORTS = "80,443,8000-9999"
_HIGHEST_PORT = 65535

#: Names that mean this box or this network wherever they are resolved; one without a dot is
#: looked up in our own domain.
_LOCAL_SUFFIXES = (
    *("localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp"),
    *("private", "home.arpa"),
)
#: All that is public in IPv6; what lies outside is not given out or has a special meaning.
_PUBLIC_V6 = IPv6Network("2000::/3")
#: Special, though Python's table, of some of its versions at least, calls them public.
_SPECIAL = (
    IPv4Network("168.63.129.16/32"),  # a cloud's own service to its machines
    IPv4Network("192.0.0.0/24"),  # protocols, and a cloud's service to its machines
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
    IPv6Network("2001::/23"),  # protocols, Teredo among them
    IPv6Network("3fff::/20"),  # documentation
)
_NAT64 = IPv6Network("64:ff9b::/96")
#: IPv6 that carries an IPv4 address → its bits above the address's last.
_CARRIERS = (
    (IPv6Network("::/96"), 0),  # compatible
    (IPv6Network("::ffff:0:0:0/96"), 0),  # translated
    (IPv6Network("64:ff9b:1::/48"), 0),  # NAT64 of one's own network
    (_NAT64, 0),
    (IPv6Network("2002::/16"), 80),  # 6to4
)
_TEREDO = IPv6Network("2001::/32")
#: Interface ids of ISATAP: an IPv4 address follows.
_ISATAP = (0x00005EFE, 0x02005EFE)


@dataclass(frozen=True)
class Rules:
    """What an operator lets our requests reach."""

    #: Networks that may be reached although they are not public, at every port.
    allowed: tuple[Network, ...] = ()
    #: Ports that public addresses may be asked at.
    ports: tuple[range, ...] = (range(80, 81), range(443, 444), range(8000, 10000))

    @classmethod
    def read(cls, allowed: str, ports: str = DEFAULT_PORTS) -> "Rules":
        """Read the rules as people set them: networks and ports, separated by commas.

        Raises:
            ValueError: it is something else.
        """
        return cls(
            allowed=tuple(ip_network(part) for part in _listed(allowed)),
            ports=tuple(_port_range(part) for part in _listed(ports)),
        )

    def admit(self, url: str) -> WebUrl:
        """Take apart an address that may be asked, as far as its text shows that.

        Raises:
            UrlRefused: it may not.
        """
        target = take_apart(url)
        self.check(target)
        return target

    def check(self, target: WebUrl) -> None:
        """Check an address taken apart; a name is trusted to nothing, it is judged again.

        Raises:
            UrlRefused: ``url.private``, ``url.port``.
        """
        if target.address is not None:
            self.judge(target.address, target.port)
        elif not self.allowed:
            # Where an operator allows a network, its names are his to give.
            if _is_local(target.host):
                _refuse()
            self._check_port(target.port)

    def judge(self, address: Address, port: int) -> Address:
        """Return the address to connect to.

        Raises:
            UrlRefused: ``url.private``, ``url.port``.
        """
        plain = unmapped(address)
        if any(plain in network for network in self.allowed):
            return plain
        if not is_public(plain):
            _refuse()
        self._check_port(port)
        return plain

    def _check_port(self, port: int) -> None:
        if not any(port in few for few in self.ports):
            raise UrlRefused(f"port {port} is not one we ask", code="url.port")


def unmapped(address: Address) -> Address:
    """Return the IPv4 address where an IPv6 one is but another way to write it."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_public(address: Address) -> bool:
    """Tell whether an address, and every other one it carries, belongs to the open internet."""
    plain = unmapped(address)
    if any(plain in network for network in _SPECIAL) or plain.is_multicast:
        return False
    if isinstance(plain, IPv4Address):
        return plain.is_global and not plain.is_reserved
    if not all(map(is_public, _carried(plain))):
        return False
    # An answer of DNS64: a public IPv4 address as a network without IPv4 reaches it.
    return plain in _NAT64 or (plain in _PUBLIC_V6 and plain.is_global)


def _carried(address: IPv6Address) -> Iterator[IPv4Address]:
    number = int(address)
    for network, shift in _CARRIERS:
        if address in network:
            yield IPv4Address(number >> shift & 0xFFFFFFFF)
    if address in _TEREDO:
        yield IPv4Address(number >> 64 & 0xFFFFFFFF)
        yield IPv4Address(~number & 0xFFFFFFFF)
    if number >> 32 & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(number & 0xFFFFFFFF)


def _refuse() -> NoReturn:
    # Which address it was is not told: a name's answer would map our network for strangers.
    raise UrlRefused("the address lies in a private or special network", code="url.private")


def _is_local(name: str) -> bool:
    return "." not in name or any(
        name == suffix or name.endswith(f".{suffix}") for suffix in _LOCAL_SUFFIXES
    )


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _port_range(text: str) -> range:
    first, _, last = text.partition("-")
    ports = range(int(first), int(last or first) + 1)
    if not ports or ports.start < 1 or ports.stop > _HIGHEST_PORT + 1:
        raise ValueError(f"{text} is not a port or a range of ports")
    return ports


def checked_networks(text: str) -> str:
    """Return the text if it is a list of networks; empty is fine.

    Raises:
        ValueError: it is something else.
    """
    Rules.read(text)
    return text


def checked_ports(text: str) -> str:
    """Return the text if it is a list of ports and ranges.

    Raises:
        ValueError: it is something else.
    """
    Rules.read("", text)
    return text


def is_literal(host: str) -> bool:
    """Tell an address from a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def parsed(address: str) -> Address:
    """Read an address as a resolver answers it; its zone, if any, is part of it.

    Raises:
        UrlRefused: it is none.
    """
    try:
        return ip_address(address)
    except ValueError:
        raise UrlRefused("its name does not stand for an address") from None
