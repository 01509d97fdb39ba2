"""The first 3 kB each way: a version, and blocks that are sent back.

The digests some clients put into their block (and would check in ours) are not computed: with a
zero where our version stands, they fall back to this simple form, as with most servers.
"""

from pipeline.core.flv.errors import Fault, ProtocolError

VERSION = 3
BLOCK_BYTES = 1536
#: Time and version of our block: both zero, which is what asks for the simple form.
_OURS = bytes(8) + (bytes(range(256)) * 6)[: BLOCK_BYTES - 8]


class ServerHandshake:
    """C0 C1 → S0 S1 S2, then C2."""

    def __init__(self) -> None:
        self._is_answered = False
        self.is_done = False

    def opening(self) -> bytes:
        """Say nothing first: servers answer."""
        return b""

    def receive(self, buffer: bytearray) -> bytes:
        """Take what is whole out of ``buffer`` and tell what to answer.

        Raises:
            ProtocolError: it is another protocol or version.
        """
        answer = b""
        _check_version(buffer, is_first=not self._is_answered)
        if not self._is_answered and len(buffer) > BLOCK_BYTES:
            answer = bytes((VERSION,)) + _OURS + buffer[1 : 1 + BLOCK_BYTES]
            del buffer[: 1 + BLOCK_BYTES]
            self._is_answered = True
        if self._is_answered and len(buffer) >= BLOCK_BYTES:
            # What C2 holds proves nothing, and old encoders leave it empty.
            del buffer[:BLOCK_BYTES]
            self.is_done = True
        return answer


class ClientHandshake:
    """The same from the other side: S0 S1 is answered by C2, then S2 is waited for."""

    def __init__(self) -> None:
        self._is_answered = False
        self.is_done = False

    def opening(self) -> bytes:
        """Tell what to send first."""
        return bytes((VERSION,)) + _OURS

    def receive(self, buffer: bytearray) -> bytes:
        """Take what is whole out of ``buffer`` and tell what to answer.

        Raises:
            ProtocolError: it is another protocol or version.
        """
        answer = b""
        _check_version(buffer, is_first=not self._is_answered)
        if not self._is_answered and len(buffer) > BLOCK_BYTES:
            answer = bytes(buffer[1 : 1 + BLOCK_BYTES])
            del buffer[: 1 + BLOCK_BYTES]
            self._is_answered = True
        if self._is_answered and len(buffer) >= BLOCK_BYTES:
            del buffer[:BLOCK_BYTES]
            self.is_done = True
        return answer


def _check_version(buffer: bytearray, *, is_first: bool) -> None:
    if is_first and buffer and buffer[0] != VERSION:
        raise ProtocolError(Fault.HANDSHAKE, "it begins as no RTMP of version 3 does")
