"""What is pushed on, as it is asked of whoever has it: a broadcast of this door."""

from typing import Protocol


class Item(Protocol):
    """FLV as it goes out."""

    @property
    def data(self) -> bytes:
        """One tag; as the first all that comes before what is live, with FLV's header."""


class Subscription(Protocol):
    """What one reader gets."""

    #: Whether it was cut for being slow.
    was_cut: bool

    async def get(self) -> Item | None:
        """Wait for the next; None after the last."""

    def close(self) -> None:
        """Leave."""


class Source(Protocol):
    """A broadcast."""

    def subscribe(self) -> Subscription:
        """Join; it begins with headers and a keyframe."""
