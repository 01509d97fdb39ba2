"""What the fuzzer must be told of our API beyond its description."""

import uuid
from typing import Any

import schemathesis
from schemathesis import GenerationMode

_KNOWN = {"trim": None, "profile": "fast"}
_PIECES = "application/offset+octet-stream"


@schemathesis.serializer(_PIECES)
def pieces(_context: Any, value: Any) -> bytes:
    """Send bytes of an upload as they are."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Have each request a key of its own, and no cursor that nobody gave out."""
    if _is_written(case.headers, "Idempotency-Key"):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if isinstance(case.query, dict):
        case.query.pop("cursor", None)
    if isinstance(case.body, dict) and _is_valid(case):
        # That a stretch ends behind its start, and which profiles there are, no schema can say.
        case.body.update({name: value for name, value in _KNOWN.items() if name in case.body})
        if case.operation.path == "/api/jobs":
            # One of two: an asset, or an address to fetch it from.
            case.body.pop("source", None)
            case.body["asset_id"] = case.body.get("asset_id") or "0"


def _is_valid(case: Any) -> bool:
    return case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE


def _is_written(headers: Any, name: str) -> bool:
    value = (headers or {}).get(name)
    return isinstance(value, str) and value.isascii() and value.isalnum()
