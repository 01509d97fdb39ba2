"""H.264 in field pictures, written by hand: no encoder at hand codes a frame as two pictures.

Every macroblock is I_PCM, its samples as they are, so what a decoder must show is known exactly.
Source: ITU-T H.264 §7.3 (syntax), §9.1 (Exp-Golomb), §8.2.1.1 (order).
"""

from collections.abc import Iterator, Sequence

import numpy as np

_MB_PX = 16
_I_SLICE_ONLY, _I_PCM = 7, 25
_IDR, _NON_IDR, _SPS, _PPS = 5, 1, 7, 8


class _Bits:
    """A string of bits, most significant first."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def u(self, n: int, value: int) -> "_Bits":
        self._bits.append(f"{value:0{n}b}")
        return self

    def ue(self, value: int) -> "_Bits":
        code = f"{value + 1:b}"
        self._bits.append("0" * (len(code) - 1) + code)
        return self

    def aligned(self) -> "_Bits":
        self._bits.append("0" * (-sum(map(len, self._bits)) % 8))
        return self

    def raw(self, data: bytes) -> "_Bits":
        self._bits.append(f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}")
        return self

    def payload(self) -> bytes:
        """Close with the stop bit."""
        text = "".join([*self._bits, "1"])
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def field_stream(frames: Sequence[np.ndarray], *, top_first: bool = True) -> bytes:
    """Code grey frames (row × column, sides of whole macroblock pairs) as pairs of fields."""
    height_px, width_px = frames[0].shape
    return b"".join(
        [
            _unit(_SPS, 3, _sequence(width_px, height_px)),
            _unit(_PPS, 3, _picture()),
            *(unit for frame in frames for unit in _frame(frame, top_first=top_first)),
        ]
    )


def _unit(kind: int, priority: int, payload: bytes) -> bytes:
    escaped = bytearray()
    n_zeros = 0
    for byte in payload:
        if n_zeros >= 2 and byte <= 3:
            escaped.append(3)
            n_zeros = 0
        escaped.append(byte)
        n_zeros = n_zeros + 1 if byte == 0 else 0
    return b"\0\0\0\1" + bytes([priority << 5 | kind]) + bytes(escaped)


def _sequence(width_px: int, height_px: int) -> bytes:
    bits = _Bits().u(8, 77).u(8, 0).u(8, 30)
    # Id, length of frame numbers, order by counts of four bits, one reference, no gaps.
    bits.ue(0).ue(4).ue(0).ue(0).ue(1).u(1, 0)
    bits.ue(width_px // _MB_PX - 1).ue(height_px // (2 * _MB_PX) - 1)
    # Not frames only, no MBAFF, direct 8×8 as fields need, no crop, no VUI.
    return bits.u(1, 0).u(1, 0).u(1, 1).u(1, 0).u(1, 0).payload()


def _picture() -> bytes:
    bits = _Bits().ue(0).ue(0)
    # CAVLC, no bottom order, one slice group, one reference each, no weights.
    bits.u(1, 0).u(1, 0).ue(0).ue(0).ue(0).u(1, 0).u(2, 0)
    # Quantisers as they are, deblocking may be switched off, no more.
    return bits.ue(0).ue(0).ue(0).u(1, 1).u(1, 0).u(1, 0).payload()


def _frame(frame: np.ndarray, *, top_first: bool) -> Iterator[bytes]:
    for number, is_bottom in enumerate((not top_first, top_first)):
        lines = frame[int(is_bottom) :: 2]
        is_idr = number == 0
        yield _unit(
            _IDR if is_idr else _NON_IDR, 3, _slice(lines, is_bottom=is_bottom, is_idr=is_idr)
        )


def _slice(lines: np.ndarray, *, is_bottom: bool, is_idr: bool) -> bytes:
    bits = _Bits().ue(0).ue(_I_SLICE_ONLY).ue(0).u(8, 0)
    bits.u(1, 1).u(1, int(is_bottom))
    if is_idr:
        # Its id, its order, and its marking: nothing kept, no long-term reference.
        bits.ue(0).u(4, 0).u(1, 0).u(1, 0)
    else:
        # Its order, and its marking.
        bits.u(4, 1).u(1, 0)
    # No change of quantiser, no deblocking.
    bits.ue(0).ue(1)
    grey = bytes([128]) * (2 * (_MB_PX // 2) ** 2)
    for row in range(0, lines.shape[0], _MB_PX):
        for column in range(0, lines.shape[1], _MB_PX):
            block = lines[row : row + _MB_PX, column : column + _MB_PX]
            bits.ue(_I_PCM).aligned().raw(block.astype(np.uint8).tobytes() + grey)
    return bits.payload()
