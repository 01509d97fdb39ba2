"""What the application that carries the door lends it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from schemas.identity import Identity

#: Where the door is in the application that carries it.
PATH = "/api/upload/video/tus"


class Arriving(Protocol):
    """A request's body as it arrives, read by one thread; any thread may stop it."""

    @property
    def announced_bytes(self) -> int | None:
        """What the client said it would send; None where it did not say."""

    @property
    def n_bytes(self) -> int:
        """How much has come."""

    @property
    def moved_at(self) -> float:
        """When the last block came, by the monotonic clock."""

    @property
    def end(self) -> str | None:
        """How it ended: ``whole``, ``broken``, ``stalled`` or ``stopped``; None before."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield what comes until it ends, however it does."""

    def stop(self) -> None:
        """Let the reading thread end at once, with what has come."""


@dataclass(frozen=True)
class Host:
    """Who asks, and how a body is read: the application's business."""

    caller: Callable[[], Identity]
    #: Whose uploads the caller may see; None: everybody's.
    owner: Callable[[], str | None]
    #: Takes WSGI's environment.
    arriving: Callable[[dict[str, Any]], Arriving]
