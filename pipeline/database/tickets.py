"""The statements services may make about tickets; see ``port`` for what holds for all."""

from typing import Any, Protocol


class TicketRows(Protocol):
    """Rights to take a seat, known by their digests."""

    def add(self, sha256: str, seat: dict[str, Any], *, life_s: float) -> None:
        """Keep one for so many seconds."""

    def take(self, sha256: str) -> dict[str, Any] | None:
        """Take it, once: None for all others, and for one that is too old."""
