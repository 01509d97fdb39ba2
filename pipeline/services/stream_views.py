"""Streams, keys and broadcasts as shown."""

from dataclasses import dataclass
from typing import Any

from pipeline.credentials.opaque import ApiKey
from pipeline.database.port import Transaction
from pipeline.database.streams import SessionRow, StreamKeyRow, StreamRow
from schemas.streams import SessionView, StreamKeyChanged, StreamKeyMade, StreamKeyView, StreamView

#: Broadcasts that come with a stream.
_MAX_SESSIONS = 20


@dataclass(frozen=True)
class Addresses:
    """Where streams are published to."""

    #: Of the application; a key or a stream goes behind it.
    rtmp_url: str


def stream(
    tx: Transaction, row: StreamRow, at: Addresses, *, is_detailed: bool = True
) -> StreamView:
    """Show a stream; in lists without its broadcasts."""
    sessions = tx.sessions.of_stream(row.id, _MAX_SESSIONS) if is_detailed else []
    return StreamView(
        id=row.id,
        account=row.account,
        title=row.title,
        description=row.description,
        status=row.state,
        playback=row.playback,
        is_recorded=row.is_recorded,
        keep_days=row.keep_days,
        grace_s=row.grace_s,
        profile=row.profile.name,
        scheduled_for=row.scheduled_for,
        rtmp_url=at.rtmp_url,
        hls_url=f"/live/{row.id}/master.m3u8",
        flv_url=f"/live/{row.id}.flv",
        peak_viewers=row.peak_viewers,
        started_at=row.started_at,
        ended_at=row.ended_at,
        created_at=row.created_at,
        sessions=tuple(session(one) for one in sessions),
    )


def session(row: SessionRow) -> SessionView:
    """Show a broadcast; where its door is, is nobody's business."""
    return SessionView(
        id=row.id,
        stream_id=row.stream_id,
        asset_id=row.asset_id,
        job_id=row.job_id,
        state=row.state,
        opened_at=row.opened_at,
        last_byte_at=row.last_byte_at,
        dropped_at=row.dropped_at,
        closed_at=row.closed_at,
        end=row.end,
        epoch=row.epoch,
        received_bytes=row.received_bytes,
        peak_viewers=row.peak_viewers,
        facts=row.facts,
    )


def key(row: StreamKeyRow) -> StreamKeyView:
    """Show a key's beginning."""
    return StreamKeyView(**_key(row))


def made_key(row: StreamKeyRow, made: ApiKey) -> StreamKeyMade:
    """Show all of a key, this once."""
    return StreamKeyMade(**_key(row), key=made.text)


def changed_key(row: StreamKeyRow, made: ApiKey | None = None) -> StreamKeyChanged:
    """Show a key that was changed, with its new secret if it got one."""
    return StreamKeyChanged(**_key(row), key=None if made is None else made.text)


def _key(row: StreamKeyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "stream_id": row.stream_id,
        "label": row.label,
        "prefix": row.prefix,
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
        "revoked_at": row.revoked_at,
    }
