"""Statements about broadcasts; see ``streams`` for their rows, ``port`` for what holds for all."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from pipeline.database.streams import (
    NewSession,
    Publisher,
    SessionRow,
    SpoolPiece,
    Standing,
    Touch,
)
from schemas.streams import SessionEnd, SessionId, StreamId
from schemas.vocabulary import AssetId, JobId


class SessionRows(Protocol):
    """Broadcasts."""

    def add(self, row: NewSession, lease_s: float) -> None:
        """Insert one; a stream has one at a time."""

    def get(self, session_id: SessionId) -> SessionRow | None:
        """Get one."""

    def opened_at(self, job_id: JobId) -> datetime | None:
        """Tell when the broadcast of a job began; None where it is none's."""

    def note_live(self, session_id: SessionId, facts: Mapping[str, Any]) -> None:
        """Keep what its live task tells."""

    def of_asset(self, asset_id: AssetId) -> SessionRow | None:
        """Get the one that an asset was recorded of."""

    def running(self, stream_id: StreamId) -> SessionRow | None:
        """Get the one of a stream that is not closed."""

    def of_stream(self, stream_id: StreamId, limit: int) -> list[SessionRow]:
        """List a stream's, newest first."""

    def page_of(
        self, stream_id: StreamId, after: tuple[float, str] | None, limit: int
    ) -> list[tuple[float, SessionRow]]:
        """List a stream's, newest first, with the key of each for the next page."""

    def take_over(self, session_id: SessionId, publisher: Publisher, lease_s: float) -> None:
        """Give it to another publisher: open, with the next epoch."""

    def touch(self, touches: Sequence[Touch], lease_s: float) -> list[Standing]:
        """Renew leases by epoch in one statement; tell how each that is there stands.

        One in grace opens again where its publisher turns out to be there.
        """

    def drop(self, session_id: SessionId, epoch: int | None, grace_s: float) -> bool:
        """Put an open one in grace; None is any epoch. Tell whether it was."""

    def close(self, session_id: SessionId, epoch: int | None, end: SessionEnd) -> bool:
        """Close it; None is any epoch. Tell whether it was open or in grace."""

    def abandoned(self, limit: int) -> list[SessionRow]:
        """List open ones whose door was not heard of within its lease."""

    def overdue(self, limit: int, session_id: SessionId | None = None) -> list[SessionRow]:
        """List those whose grace is over, or only one of them."""

    def orphaned(self, limit: int) -> list[SessionRow]:
        """List those that are not closed and whose asset was deleted."""

    def add_piece(self, piece: SpoolPiece) -> None:
        """Note a piece of the spool; repeating it is fine."""

    def pieces(self, session_id: SessionId) -> list[SpoolPiece]:
        """List the pieces of the spool in the order of their clock."""
