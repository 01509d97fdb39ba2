"""How requests of the client are written."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from schemas.listing import Wish

#: Seconds between tries of a request that is carried out once, however often it is sent.
PAUSES_S = (0.2, 1.0, 3.0, 10.0)
#: What may pass: no answer, an earlier try that is still being worked on, a database away.
REPEATED = frozenset({"api.unreachable", "idempotency.in_flight", "unavailable.database"})


def json_body(model: BaseModel, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Write what is sent as JSON, without what is not set."""
    return {
        "content": model.model_dump_json(exclude_unset=True),
        "headers": {"Content-Type": "application/json", **(headers or {})},
    }


def wished(wish: Wish | None, cursor: str | None, limit: int) -> list[tuple[str, str]]:
    """Write what a list is asked with."""
    own = [] if wish is None else list(_pairs(wish))
    return [*own, ("limit", str(limit)), *([("cursor", cursor)] if cursor else [])]


def _pairs(wish: Wish) -> Iterator[tuple[str, str]]:
    for name in sorted(wish.model_fields_set):
        value = getattr(wish, name)
        if isinstance(value, Mapping):
            yield from ((f"{name}[{key}]", text) for key, text in value.items())
        elif isinstance(value, tuple):
            yield from ((name, str(each)) for each in value)
        elif isinstance(value, datetime):
            yield name, value.isoformat()
        elif value is not None:
            yield name, str(value)
