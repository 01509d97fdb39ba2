"""Which addresses count as one caller."""

import ipaddress

#: What one household or server rents as a whole.
_IPV6_NETWORK_BITS = 64


def network_of(address: str) -> str:
    """Take neighbours in IPv6 for one caller: everybody there has endless addresses."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _IPV6_NETWORK_BITS), strict=False))
