"""Streams as rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    and_,
    case,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from pipeline.database.sql.columns import now_s, utc, utc_or_none
from pipeline.database.sql.stream_tables import stream, stream_session
from pipeline.database.sql.tables import asset
from pipeline.database.streams import NewStream, StreamRow
from schemas.identity import Playback
from schemas.profile import Profile
from schemas.streams import StreamId, StreamState

_LIVE, _PREPARING, _ENDED = (
    StreamState.LIVE.value,
    StreamState.PREPARING.value,
    StreamState.ENDED.value,
)


def _row(row: Row[Any]) -> StreamRow:
    return StreamRow(
        id=row.id,
        account=row.account,
        title=row.title,
        description=row.description,
        playback=Playback(row.playback),
        is_recorded=row.is_recorded,
        keep_days=row.keep_days,
        grace_s=row.grace_s,
        profile=Profile.model_validate(row.profile),
        scheduled_for=utc_or_none(row.scheduled_for),
        state=StreamState(row.state),
        peak_viewers=row.peak_viewers,
        started_at=utc_or_none(row.started_at),
        ended_at=utc_or_none(row.ended_at),
        created_at=utc(row.created_at),
        playback_epoch=row.playback_epoch,
    )


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    return value.model_dump(mode="json") if isinstance(value, Profile) else value


class SqlStreams:
    """See ``streams.StreamRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: NewStream) -> None:
        self._connection.execute(
            insert(stream).values(
                id=row.id,
                account=row.account,
                title=row.title,
                description=row.description,
                state=_PREPARING,
                playback=row.playback.value,
                is_recorded=row.is_recorded,
                keep_days=row.keep_days,
                grace_s=row.grace_s,
                profile=_stored(row.profile),
                scheduled_for=_stored(row.scheduled_for),
                peak_viewers=0,
                created_at=now_s(),
            )
        )

    def get(self, stream_id: StreamId) -> StreamRow | None:
        query = select(stream).where(stream.c.id == stream_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _row(row)

    def hold(self, stream_id: StreamId) -> StreamRow | None:
        query = select(stream).where(stream.c.id == stream_id).with_for_update()
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _row(row)

    def page(
        self,
        after: tuple[float, str] | None,
        limit: int,
        owner: str | None,
        states: Sequence[StreamState] = (),
    ) -> list[tuple[float, StreamRow]]:
        query = select(stream).order_by(stream.c.created_at.desc(), stream.c.id.desc())
        if after is not None:
            query = query.where(tuple_(stream.c.created_at, stream.c.id) < after)
        if owner is not None:
            query = query.where(stream.c.account == owner)
        if states:
            query = query.where(stream.c.state.in_([state.value for state in states]))
        rows = self._connection.execute(query.limit(limit))
        return [(row.created_at, _row(row)) for row in rows]

    def count_of(self, account: str) -> int:
        query = select(func.count()).where(stream.c.account == account)
        count: int = self._connection.execute(query).scalar_one()
        return count

    def change(self, stream_id: StreamId, values: Mapping[str, Any]) -> None:
        stored = {name: _stored(value) for name, value in values.items()}
        if "scheduled_for" in stored:
            is_same = stream.c.scheduled_for == stored["scheduled_for"]
            stored["reminded_at"] = case((is_same, stream.c.reminded_at), else_=None)
        if stored:
            self._set(stream_id, **stored)

    def begin(self, stream_id: StreamId, *, lead_s: float) -> None:
        is_met = stream.c.scheduled_for < now_s() + lead_s
        self._set(
            stream_id,
            state=_LIVE,
            started_at=now_s(),
            ended_at=None,
            peak_viewers=0,
            scheduled_for=case((is_met, None), else_=stream.c.scheduled_for),
        )

    def prepare(self, stream_id: StreamId) -> None:
        self._set(stream_id, state=_PREPARING)

    def end(self, stream_id: StreamId) -> None:
        self._set(stream_id, state=_ENDED, ended_at=now_s())

    def remind(self, lead_s: float, limit: int) -> list[StreamRow]:
        due = (
            select(stream.c.id)
            .where(stream.c.scheduled_for < now_s() + lead_s, stream.c.reminded_at.is_(None))
            .limit(limit)
        )
        is_live = stream.c.state == _LIVE
        rows = self._connection.execute(
            update(stream)
            .where(stream.c.id.in_(due), stream.c.reminded_at.is_(None))
            .values(
                reminded_at=now_s(),
                state=case((is_live, stream.c.state), else_=_PREPARING),
            )
            .returning(stream)
        )
        return [_row(row) for row in rows]

    def give_up(self, late_s: float) -> int:
        is_waiting = and_(stream.c.state == _PREPARING, stream.c.reminded_at.is_not(None))
        gone = self._connection.execute(
            update(stream)
            .where(stream.c.scheduled_for < now_s() - late_s)
            .where(or_(is_waiting, not_(stream.c.state == _PREPARING)))
            .values(
                scheduled_for=None,
                state=case((is_waiting, _ENDED), else_=stream.c.state),
            )
        )
        return gone.rowcount

    def revoke_links(self, stream_id: StreamId) -> None:
        self._set(stream_id, playback_epoch=stream.c.playback_epoch + 1)
        recorded = select(stream_session.c.asset_id).where(stream_session.c.stream_id == stream_id)
        self._connection.execute(
            update(asset)
            .where(asset.c.id.in_(recorded))
            .values(playback_epoch=asset.c.playback_epoch + 1)
        )

    def delete(self, stream_id: StreamId) -> None:
        self._connection.execute(delete(stream).where(stream.c.id == stream_id))

    def _set(self, stream_id: StreamId, **values: Any) -> None:
        self._connection.execute(update(stream).where(stream.c.id == stream_id).values(**values))
