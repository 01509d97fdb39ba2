"""Rows of the targets that streams are pushed on to, and the statements about them.

See ``port`` for what holds for all statements.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from schemas.restream import RestreamTargetId, TargetState
from schemas.streams import StreamId


@dataclass(frozen=True)
class NewTarget:
    """A target to insert; it is idle."""

    id: RestreamTargetId
    stream_id: StreamId
    label: str
    url: str
    #: Locked away: ``core.vault``.
    kept_key: str = field(repr=False)
    is_enabled: bool


@dataclass(frozen=True)
class TargetRow(NewTarget):
    """One target."""

    #: Grows with each change of what is pushed where.
    version: int
    #: As its door said last; idle where no door said anything for a while.
    state: TargetState
    error: str | None
    since: datetime | None
    sent_bytes: int
    n_dropped: int
    created_at: datetime


@dataclass(frozen=True)
class TargetReport:
    """How pushing on to one target goes, of the version that is pushed."""

    target_id: RestreamTargetId
    version: int
    state: TargetState
    error: str | None
    sent_bytes: int
    n_dropped: int


class RestreamRows(Protocol):
    """Targets of streams."""

    def add(self, row: NewTarget) -> None:
        """Insert one."""

    def get(self, target_id: RestreamTargetId) -> TargetRow | None:
        """Get one."""

    def of(self, stream_id: StreamId) -> list[TargetRow]:
        """List a stream's, oldest first."""

    def wanted(self, stream_ids: Collection[StreamId]) -> list[TargetRow]:
        """List those of these streams that are switched on."""

    def count_of(self, stream_id: StreamId) -> int:
        """Count a stream's."""

    def name(self, target_id: RestreamTargetId, label: str) -> None:
        """Give one another label."""

    def change(self, target_id: RestreamTargetId, values: Mapping[str, Any]) -> None:
        """Set columns of what is pushed where: the next version, idle until a door has it."""

    def report(self, reports: Sequence[TargetReport]) -> None:
        """Note in one statement how pushing goes, of versions that still stand."""

    def delete(self, target_id: RestreamTargetId) -> None:
        """Remove one."""
