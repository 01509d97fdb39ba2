"""What a file is called, made of what strangers say: shown to people, naming nothing on disk."""

import re
from email.message import Message
from urllib.parse import unquote

_LONGEST = 255
#: The form that says its encoding wins over the plain one (RFC 6266).
_CODED = re.compile(r"filename\*\s*=\s*utf-8'[^']*'([^;\s]+)", re.IGNORECASE)


def harmless(name: str) -> str:
    """Keep what of a name can be shown: its last part, printable; perhaps nothing."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(char for char in last if char.isprintable()).strip()[:_LONGEST]
    return shown if shown.strip(".") else ""


def of_path(path: str) -> str:
    """Read the name off an address's path, without its query; perhaps there is none."""
    return harmless(unquote(path.partition("?")[0]))


def of_disposition(header: str) -> str:
    """Read the name off a ``Content-Disposition``; perhaps there is none."""
    coded = _CODED.search(header)
    if coded is not None:
        return harmless(unquote(coded[1]))
    message = Message()
    message["Content-Disposition"] = "".join(char for char in header if char >= " ")
    name = str(message.get_filename("") or "")
    try:
        # Headers come as Latin-1; some servers send UTF-8 all the same.
        return harmless(name.encode("latin-1").decode("utf-8"))
    except UnicodeError:
        return harmless(name)
