"""When the door looks at those who send steadily: all at once, some times a second.

Waking costs more than what a few frames do: 20 publishers send 1500 messages a second, and
are read 500 times.
"""

import asyncio
from collections.abc import Callable

#: What a frame may wait for at the door.
ROUND_S = 0.04


class Rounds:
    """Of one loop; it sleeps while nobody waits."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def wait(self, call: Callable[[], None]) -> None:
        """Call it in the next round."""
        if not self._waiting:
            loop = asyncio.get_running_loop()
            now_s = loop.time()
            # Rounds lie at the same times for everybody, however late one was read.
            loop.call_at((now_s // ROUND_S + 1) * ROUND_S, self._turn)
        self._waiting.append(call)

    def _turn(self) -> None:
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()
