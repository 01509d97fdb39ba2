"""Follows every address of an asset, as all players together would."""

import json
import re
from collections.abc import Callable, Iterable
from urllib.parse import urldefrag, urljoin

from pipeline.services.viewing import Viewer

#: Without a link and without an account.
ANYBODY = Viewer(b"k" * 32)

#: What names others, by the end of its name → how.
_NAMES = {
    ".m3u8": re.compile(r'URI="([^"]+)"|^([^#\s].*)$', re.MULTILINE),
    ".mpd": re.compile(r'(?:sourceURL|media|value)="([^":]+\.[^"]+)"|<BaseURL>([^<]+)</BaseURL>'),
    ".vtt": re.compile(r"^(\S+\.jpg)#xywh", re.MULTILINE),
}


def walk(begin: Iterable[str], read: Callable[[str], bytes]) -> set[str]:
    """Fetch everything that can be reached, and tell the addresses."""
    seen: set[str] = set()
    waiting = list(begin)
    while waiting:
        address = waiting.pop()
        if address not in seen:
            seen.add(address)
            waiting += _named(address, read(address))
    return seen


def _named(address: str, body: bytes) -> list[str]:
    if address.endswith(".json"):
        said = json.loads(body)
        return [url for name, url in said.items() if name.endswith("_url") and url]
    pattern = _NAMES.get(address[address.rfind(".") :])
    if pattern is None:
        return []
    found = ("".join(groups) for groups in pattern.findall(body.decode()))
    return [urldefrag(urljoin(address, name)).url for name in found if name]
