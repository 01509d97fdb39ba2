"""AMF3, which a few clients put commands in; only read, never written.

Texts and shapes of objects may be referred to; objects may not (see ``amf0``). Byte arrays and
vectors have no place in commands.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.core.flv.cursor import Cursor, wrong

_INTEGER_BITS = 29
_LAST_BYTE = 4

_Known = TypeVar("_Known")


@dataclass(frozen=True)
class _Shape:
    """Names of an object's sealed properties, and whether others follow them."""

    names: tuple[str, ...]
    is_dynamic: bool


class Reader:
    """Values of one AMF3 part of a message, which share their references."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._texts: list[str] = []
        self._shapes: list[_Shape] = []
        self._readers: Mapping[int, Callable[[int], Any]] = {
            0x00: lambda _: None,
            0x01: lambda _: None,
            0x02: lambda _: False,
            0x03: lambda _: True,
            0x04: lambda _: self._integer(),
            0x05: lambda _: cursor.double(),
            0x06: lambda _: self._text(),
            0x07: lambda _: self._counted().decode("utf-8", "replace"),
            0x08: lambda _: self._date(),
            0x09: self._array,
            0x0A: self._object,
            0x0B: lambda _: self._counted().decode("utf-8", "replace"),
        }

    def value(self, depth: int) -> Any:
        """Read one value.

        Raises:
            ProtocolError: it is no AMF3, or over the limits.
        """
        self._cursor.enter(depth)
        reader = self._readers.get(self._cursor.number(1))
        if reader is None:
            raise wrong("a value is of a type that nobody sends")
        return reader(depth)

    def _number(self) -> int:
        """Read a number of 29 bits in one to four bytes."""
        number = 0
        for place in range(1, _LAST_BYTE + 1):
            byte = self._cursor.number(1)
            if place == _LAST_BYTE:
                return number << 8 | byte
            number = number << 7 | byte & 0x7F
            if byte < 0x80:  # noqa: PLR2004 - the bit that says: more follow
                break
        return number

    def _integer(self) -> int:
        number = self._number()
        is_negative = number >> (_INTEGER_BITS - 1)
        return number - (1 << _INTEGER_BITS) if is_negative else number

    def _own(self) -> int:
        """Read a head that says how much follows, or refers to an object before."""
        head = self._number()
        if not head & 1:
            raise wrong("it refers to objects before")
        return head >> 1

    def _counted(self) -> bytes:
        return self._cursor.take(self._own())

    def _date(self) -> float:
        self._own()
        return self._cursor.double()

    def _text(self) -> str:
        head = self._number()
        if not head & 1:
            return _referred(self._texts, head >> 1)
        text = self._cursor.text(head >> 1)
        if text:
            self._texts.append(text)
        return text

    def _array(self, depth: int) -> Any:
        n_values = self._own()
        named = self._dynamic(depth)
        if n_values > self._cursor.left_bytes:
            raise wrong("an array is cut short")
        values = [self.value(depth + 1) for _ in range(n_values)]
        if not named:
            return values
        return named | {str(place): value for place, value in enumerate(values)}

    def _dynamic(self, depth: int) -> dict[str, Any]:
        found = {}
        while name := self._text():
            found[name] = self.value(depth + 1)
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        shape = self._shape(self._own())
        found = {name: self.value(depth + 1) for name in shape.names}
        if shape.is_dynamic:
            found |= self._dynamic(depth)
        return found

    def _shape(self, head: int) -> _Shape:
        if not head & 1:
            return _referred(self._shapes, head >> 1)
        if head & 2:
            raise wrong("it holds an object of a form of its own")
        n_names = head >> 3
        if n_names > self._cursor.left_bytes:
            raise wrong("an object is cut short")
        self._text()
        shape = _Shape(tuple(self._text() for _ in range(n_names)), bool(head & 4))
        self._shapes.append(shape)
        return shape


def _referred(known: list[_Known], place: int) -> _Known:
    if place >= len(known):
        raise wrong("it refers to what was not there")
    return known[place]
