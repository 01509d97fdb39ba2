"""Rows of streams, their keys and their broadcasts, and the statements about them.

See ``port`` for what holds for all statements. Locks are taken in one order: stream, session.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from schemas.identity import Playback
from schemas.profile import Profile
from schemas.streams import (
    SessionEnd,
    SessionId,
    SessionState,
    StreamId,
    StreamKeyId,
    StreamState,
)
from schemas.vocabulary import AssetId, JobId


@dataclass(frozen=True)
class NewStream:
    """A stream to insert; it is preparing."""

    id: StreamId
    account: str
    title: str
    description: str
    playback: Playback
    is_recorded: bool
    keep_days: int | None
    grace_s: int
    profile: Profile
    scheduled_for: datetime | None


@dataclass(frozen=True)
class StreamRow(NewStream):
    """One stream."""

    state: StreamState
    peak_viewers: int
    #: Of the broadcast that is on, or was last.
    started_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    #: What its signed addresses were made for; another one voids them.
    playback_epoch: int = 0


@dataclass(frozen=True)
class NewStreamKey:
    """A key to insert."""

    id: StreamKeyId
    stream_id: StreamId
    label: str
    prefix: str
    digest: str = field(repr=False)


@dataclass(frozen=True)
class StreamKeyRow(NewStreamKey):
    """One key."""

    #: Of the stream.
    account: str
    #: Grows with each new secret.
    version: int
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class Publisher:
    """Who brings a broadcast: which connection, at which door, let in by which key."""

    #: Where the door's HTTP is.
    door_url: str
    #: Names the connection; the same one may ask again.
    holder: str
    #: None where it came in without one.
    key_id: StreamKeyId | None = None
    key_version: int = 0


@dataclass(frozen=True)
class NewSession:
    """A broadcast to insert; it is open."""

    id: SessionId
    stream_id: StreamId
    asset_id: AssetId
    job_id: JobId | None
    publisher: Publisher


@dataclass(frozen=True)
class SessionRow(NewSession):
    """One broadcast."""

    #: Of the stream.
    account: str
    state: SessionState
    epoch: int
    opened_at: datetime
    last_byte_at: datetime
    dropped_at: datetime | None
    closed_at: datetime | None
    end: SessionEnd | None
    received_bytes: int
    #: What its door tells of it.
    facts: dict[str, Any]
    #: What its live task tells: ``ladder_speed``, ``lag_ms``, ``thinned``.
    live_facts: dict[str, Any]
    #: Most viewers at a time.
    peak_viewers: int
    #: By the database's clock: seconds since bytes came last.
    silent_s: float
    #: Whether its door has been heard of within its lease.
    is_leased: bool


@dataclass(frozen=True)
class Touch:
    """What a door knows of one broadcast it holds."""

    session_id: SessionId
    epoch: int
    #: Bytes that came in all, over reconnects as the door knows them.
    received_bytes: int
    #: Whether any came since the last touch.
    is_alive: bool
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """What the row says to whoever touched it."""

    session_id: SessionId
    epoch: int
    state: SessionState
    end: SessionEnd | None
    #: The key it came in by counts no more.
    is_key_void: bool
    #: It was in grace until now.
    was_away: bool


@dataclass(frozen=True)
class SpoolPiece:
    """A finished piece of what a publisher sent, in storage."""

    session_id: SessionId
    epoch: int
    number: int
    key: str
    size_bytes: int
    #: On the clock of the broadcast.
    from_ms: int
    until_ms: int


class StreamRows(Protocol):
    """Streams."""

    def add(self, row: NewStream) -> None:
        """Insert one."""

    def get(self, stream_id: StreamId) -> StreamRow | None:
        """Get one."""

    def hold(self, stream_id: StreamId) -> StreamRow | None:
        """Get one; nobody else changes it until the transaction ends."""

    def page(
        self,
        after: tuple[float, str] | None,
        limit: int,
        owner: str | None,
        states: Sequence[StreamState] = (),
    ) -> list[tuple[float, StreamRow]]:
        """List them newest first, with the key of each for the next page."""

    def count_of(self, account: str) -> int:
        """Count an account's."""

    def change(self, stream_id: StreamId, values: Mapping[str, Any]) -> None:
        """Set columns; another time it is scheduled for has its reminder still to come."""

    def begin(self, stream_id: StreamId, *, lead_s: float) -> None:
        """Note that it is live; a time scheduled for less than ``lead_s`` from now is met."""

    def prepare(self, stream_id: StreamId) -> None:
        """Note that somebody is about to publish."""

    def end(self, stream_id: StreamId) -> None:
        """Note that its broadcast is over."""

    def remind(self, lead_s: float, limit: int) -> list[StreamRow]:
        """Take those that begin soon: each is given out once, and is preparing unless live."""

    def give_up(self, late_s: float) -> int:
        """End those nobody came for so long after the time they were scheduled for."""

    def revoke_links(self, stream_id: StreamId) -> None:
        """Void all signed addresses of one, and those of what was recorded of it."""

    def delete(self, stream_id: StreamId) -> None:
        """Remove one with its keys and broadcasts; recordings stay."""


class StreamKeyRows(Protocol):
    """Keys of streams."""

    def add(self, row: NewStreamKey) -> None:
        """Insert one."""

    def get(self, key_id: StreamKeyId) -> StreamKeyRow | None:
        """Get one."""

    def begins(self, prefix: str) -> StreamKeyRow | None:
        """Find the one that begins so."""

    def of(self, owner: str | None, stream_id: StreamId | None = None) -> list[StreamKeyRow]:
        """List an account's, or all; newest first."""

    def count_live_of(self, stream_id: StreamId) -> int:
        """Count a stream's that are not revoked."""

    def name(self, key_id: StreamKeyId, label: str) -> None:
        """Give one another label."""

    def rotate(self, key_id: StreamKeyId, *, prefix: str, digest: str) -> None:
        """Give one another secret."""

    def revoke(self, key_id: StreamKeyId) -> None:
        """Let one count no more."""

    def use(self, key_id: StreamKeyId) -> None:
        """Note that somebody publishes with it."""
