"""The size of the picture, from a sequence parameter set of H.264."""

#: Profiles whose sets tell the chroma format.
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_MOST_ZEROS = 32
_YUV420, _YUV422, _YUV444 = 1, 2, 3
_MACROBLOCK = 16
_LAST_SCALE = 8
_SMALL_LISTS, _SMALL, _LARGE = 6, 16, 64


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, n_bits: int) -> int:
        self._left -= n_bits
        if self._left < 0:
            raise ValueError("the set is cut short")
        return self._value >> self._left & ((1 << n_bits) - 1)

    def number(self) -> int:
        """Read an Exp-Golomb number."""
        n_zeros = 0
        while not self.take(1):
            n_zeros += 1
            if n_zeros > _MOST_ZEROS:
                raise ValueError("a number is too large")
        return (1 << n_zeros) - 1 + self.take(n_zeros)

    def signed(self) -> int:
        number = self.number()
        return (number + 1) // 2 if number & 1 else -(number // 2)


def size(unit: bytes) -> tuple[int, int]:
    """Tell width and height, cropped as shown.

    Raises:
        ValueError: it is no such set.
    """
    # Where zeros would look like the start of a unit, a 3 stands between them.
    bits = _Bits(unit[1:].replace(b"\x00\x00\x03", b"\x00\x00"))
    profile = bits.take(8)
    bits.take(16)
    bits.number()
    chroma = _chroma(bits) if profile in _WITH_CHROMA else _YUV420
    bits.number()
    _skip_order(bits)
    bits.number()
    bits.take(1)
    width = (bits.number() + 1) * _MACROBLOCK
    rows = bits.number() + 1
    is_progressive = bits.take(1)
    if not is_progressive:
        bits.take(1)
    bits.take(1)
    height = rows * _MACROBLOCK * (2 - is_progressive)
    left, right, top, bottom = (bits.number() for _ in range(4)) if bits.take(1) else (0, 0, 0, 0)
    across = 2 if chroma in {_YUV420, _YUV422} else 1
    down = (2 if chroma == _YUV420 else 1) * (2 - is_progressive)
    return width - (left + right) * across, height - (top + bottom) * down


def _chroma(bits: _Bits) -> int:
    chroma = bits.number()
    if chroma == _YUV444:
        bits.take(1)
    bits.number()
    bits.number()
    bits.take(1)
    if bits.take(1):
        for place in range(12 if chroma == _YUV444 else 8):
            if bits.take(1):
                _skip_scales(bits, _SMALL if place < _SMALL_LISTS else _LARGE)
    return chroma


def _skip_scales(bits: _Bits, n_scales: int) -> None:
    last = scale = _LAST_SCALE
    for _ in range(n_scales):
        if scale:
            scale = (last + bits.signed()) % 256
        last = scale or last


def _skip_order(bits: _Bits) -> None:
    """Pass over how pictures are counted."""
    kind = bits.number()
    if kind == 0:
        bits.number()
    elif kind == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.number(), 255)):
            bits.signed()
