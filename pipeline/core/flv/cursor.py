"""Bytes of an AMF value, read one after the other within limits."""

import struct

from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.limits import Limits

_DOUBLE = struct.Struct(">d")


class Cursor:
    """A place in one message; what would read past its end is an error."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._at = 0
        self._n_values = 0
        self._limits = limits

    @property
    def left_bytes(self) -> int:
        """Tell how much has not been read."""
        return len(self._data) - self._at

    def take(self, n_bytes: int) -> bytes:
        """Read that many bytes."""
        end = self._at + n_bytes
        if end > len(self._data):
            raise wrong("a value is cut short")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def peek(self) -> int:
        """Tell the next byte, which has to be there, and stay."""
        return self._data[self._at]

    def number(self, n_bytes: int) -> int:
        """Read an unsigned number, its highest byte first."""
        return int.from_bytes(self.take(n_bytes), "big")

    def double(self) -> float:
        """Read a number as AMF writes most."""
        value: float = _DOUBLE.unpack(self.take(8))[0]
        return value

    def text(self, n_bytes: int) -> str:
        """Read text; what is no UTF-8 (names of devices often are not) is replaced."""
        return self.take(n_bytes).decode("utf-8", "replace")

    def enter(self, depth: int) -> None:
        """Count one more value, so deep.

        Raises:
            ProtocolError: there are too many, or they lie too deep.
        """
        self._n_values += 1
        if self._n_values > self._limits.amf_values or depth > self._limits.amf_depth:
            raise wrong("it holds too many values, or too deep ones")


def wrong(detail: str) -> ProtocolError:
    """Make the error of values that cannot be read."""
    return ProtocolError(Fault.AMF, detail)
