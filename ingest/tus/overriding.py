"""Methods named in a header, for clients behind proxies that know only GET and POST."""

from collections.abc import Callable, Iterable
from typing import Any

from ingest.tus.door import PATH
from ingest.tus.headers import METHODS, one_of

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def overriding(application: Wsgi) -> Wsgi:
    """Have requests to the door treated as what their header says, from the first guard on."""

    def overridden(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        named = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE")
        if named is not None and environ.get("PATH_INFO", "").startswith(PATH):
            method = one_of(named.strip().upper(), METHODS)
            # A method that there is not stays what it was not: not allowed.
            environ["REQUEST_METHOD"] = method or "UNKNOWN"
        return application(environ, start)

    return overridden
