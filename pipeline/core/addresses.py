"""Addresses of services as people set them. What is wrong is said without showing them."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


def checked_url(url: str, schemes: Collection[str]) -> str:
    """Return the address if the library that connects will understand it; empty is fine.

    The libraries' own messages quote the part they stumble over, and after an unescaped
    ``/``, ``#`` or ``@`` that part is a piece of the password.

    Raises:
        ValueError: another scheme, or not an address.
    """
    if not url:
        return url
    try:
        parts = urlsplit(url)
        is_address = parts.netloc.count("@") <= 1 and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise ValueError(
            "is not an address; write / # @ : ? and % in a password as %2F %23 %40 %3A %3F %25"
        )
    if parts.scheme.partition("+")[0] not in schemes:
        raise ValueError(f"must begin with {' or '.join(f'{name}://' for name in schemes)}")
    return url


def checked_host_port(text: str) -> str:
    """Return the text if it is a host with or without a port; empty is fine.

    Raises:
        ValueError: it is something else, a URL say.
    """
    if text and not _HOST_PORT.fullmatch(text):
        raise ValueError("must be host:port, without http:// before it or a path behind it")
    return text
