"""AMF0, the values commands and metadata are made of: dicts, lists, texts, numbers, None.

References are refused: no encoder sends them, and they make little data large.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.core.flv import amf3
from pipeline.core.flv.cursor import Cursor, wrong
from pipeline.core.flv.limits import Limits

_NUMBER, _BOOLEAN, _STRING, _OBJECT, _NULL = 0x00, 0x01, 0x02, 0x03, 0x05
_ECMA_ARRAY, _OBJECT_END, _STRICT_ARRAY, _DATE = 0x08, 0x09, 0x0A, 0x0B
_UNDEFINED, _UNSUPPORTED, _LONG_STRING, _XML, _TYPED, _AMF3 = 0x06, 0x0D, 0x0C, 0x0F, 0x10, 0x11

_LONGEST_SHORT_BYTES = 0xFFFF
_END = b"\x00\x00\x09"


class EcmaArray(dict[str, Any]):
    """A dict that is written as an ECMA array, which metadata in FLV has to be."""


def decode(data: bytes, limits: Limits | None = None) -> list[Any]:
    """Read all values of a message.

    Raises:
        ProtocolError: it is no AMF, or over the limits.
    """
    cursor = Cursor(data, limits or Limits())
    values = []
    while cursor.left_bytes:
        values.append(_value(cursor, 0))
    return values


def first(data: bytes, limits: Limits | None = None) -> tuple[Any, int]:
    """Read the first value, and tell how many bytes it takes.

    Raises:
        ProtocolError: it is no AMF, or over the limits.
    """
    cursor = Cursor(data, limits or Limits())
    value = _value(cursor, 0)
    return value, len(data) - cursor.left_bytes


def _value(cursor: Cursor, depth: int) -> Any:
    cursor.enter(depth)
    reader = _READERS.get(cursor.number(1))
    if reader is None:
        raise wrong("a value is of a type that nobody sends")
    return reader(cursor, depth)


def _properties(cursor: Cursor, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while True:
        name = cursor.text(cursor.number(2))
        if not name and cursor.left_bytes and cursor.peek() == _OBJECT_END:
            cursor.take(1)
            return found
        found[name] = _value(cursor, depth + 1)


def _ecma_array(cursor: Cursor, depth: int) -> EcmaArray:
    # The count in front is a hint, and many write 0.
    cursor.take(4)
    return EcmaArray(_properties(cursor, depth))


def _strict_array(cursor: Cursor, depth: int) -> list[Any]:
    n_values = cursor.number(4)
    # Each takes a byte at least: no list is made for a number alone.
    if n_values > cursor.left_bytes:
        raise wrong("an array is cut short")
    return [_value(cursor, depth + 1) for _ in range(n_values)]


def _date(cursor: Cursor, _depth: int) -> float:
    at_ms = cursor.double()
    cursor.take(2)
    return at_ms


def _typed(cursor: Cursor, depth: int) -> dict[str, Any]:
    cursor.text(cursor.number(2))
    return _properties(cursor, depth)


_READERS: Mapping[int, Callable[[Cursor, int], Any]] = {
    _NUMBER: lambda cursor, _: cursor.double(),
    _BOOLEAN: lambda cursor, _: cursor.number(1) != 0,
    _STRING: lambda cursor, _: cursor.text(cursor.number(2)),
    _OBJECT: _properties,
    _NULL: lambda _cursor, _: None,
    _UNDEFINED: lambda _cursor, _: None,
    _UNSUPPORTED: lambda _cursor, _: None,
    _ECMA_ARRAY: _ecma_array,
    _STRICT_ARRAY: _strict_array,
    _DATE: _date,
    _LONG_STRING: lambda cursor, _: cursor.text(cursor.number(4)),
    _XML: lambda cursor, _: cursor.text(cursor.number(4)),
    _TYPED: _typed,
    _AMF3: lambda cursor, depth: amf3.Reader(cursor).value(depth),
}


def encode(*values: Any) -> bytes:
    """Write values one after the other."""
    return b"".join(map(_written, values))


def _written(value: Any) -> bytes:
    # bool is an int, and asked for first.
    if isinstance(value, bool):
        return bytes((_BOOLEAN, value))
    if isinstance(value, int | float):
        return struct.pack(">Bd", _NUMBER, value)
    if isinstance(value, str):
        return _written_text(value)
    if value is None:
        return bytes((_NULL,))
    return _written_many(value)


def _written_text(text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if len(raw) > _LONGEST_SHORT_BYTES:
        return struct.pack(">BI", _LONG_STRING, len(raw)) + raw
    return struct.pack(">BH", _STRING, len(raw)) + raw


def _written_many(value: Any) -> bytes:
    if isinstance(value, list | tuple):
        return struct.pack(">BI", _STRICT_ARRAY, len(value)) + encode(*value)
    if not isinstance(value, Mapping):
        raise TypeError(f"AMF0 has no form for {type(value).__name__}")
    head = bytes((_OBJECT,))
    if isinstance(value, EcmaArray):
        head = struct.pack(">BI", _ECMA_ARRAY, len(value))
    return head + b"".join(_property(name, one) for name, one in value.items()) + _END


def _property(name: str, value: Any) -> bytes:
    raw = name.encode("utf-8", "replace")[:_LONGEST_SHORT_BYTES]
    return struct.pack(">H", len(raw)) + raw + _written(value)
