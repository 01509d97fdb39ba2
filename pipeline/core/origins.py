"""Which sites' pages may speak for their visitors here."""

import re
from collections.abc import Collection

#: Scheme, host and perhaps a port, as browsers write them: lower case, no user, no path.
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:[0-9]{1,5})?")
_PORTS = {"http": ":80", "https": ":443"}


def is_origin(text: str) -> bool:
    """Tell whether a text is an origin in the form browsers send."""
    return _ORIGIN.fullmatch(text) is not None


def is_allowed(origin: str, *, own_host: str, allowed: Collection[str]) -> bool:
    """Tell whether a page of an origin may speak for its visitor.

    Own pages may, whatever scheme a proxy in between speaks; others are listed, letter for letter.
    ``null`` is what sandboxed frames and files send: anybody can, so it is nobody.
    """
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        return False
    if origin in allowed:
        return True
    host = origin.removeprefix(f"{found[1]}://")
    return _plain(host, found[1]) == _plain(own_host.lower(), found[1])


def _plain(host: str, scheme: str) -> str:
    """Leave a port out that says nothing."""
    return host.removesuffix(_PORTS[scheme])


def parsed(text: str) -> tuple[str, ...]:
    """Read a list of origins, separated by commas or spaces.

    Raises:
        ValueError: one is none; ``*`` is not taken either.
    """
    listed = tuple(text.replace(",", " ").split())
    if wrong := [each for each in listed if not is_origin(each)]:
        raise ValueError(f"{wrong[0][:60]!r} is no origin; write https://app.example, without a /")
    return listed
