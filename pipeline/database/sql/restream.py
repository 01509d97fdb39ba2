"""Targets that streams are pushed on to, as rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    Connection,
    Row,
    String,
    case,
    column,
    delete,
    func,
    insert,
    select,
    update,
    values,
)
from sqlalchemy import BigInteger as SqlBigInteger
from sqlalchemy import Integer as SqlInteger

from pipeline.database.restream import NewTarget, TargetReport, TargetRow
from pipeline.database.sql.columns import now_s, utc, utc_or_none
from pipeline.database.sql.stream_tables import restream_target
from schemas.restream import RestreamTargetId, TargetState
from schemas.streams import StreamId

#: Doors report each second what they push; whoever did not for so long is gone.
_SILENCE_S = 10.0
_IDLE = TargetState.IDLE.value


def _row(row: Row[Any]) -> TargetRow:
    return TargetRow(
        id=row.id,
        stream_id=row.stream_id,
        label=row.label,
        url=row.url,
        kept_key=row.kept_key,
        is_enabled=row.is_enabled,
        version=row.version,
        state=TargetState(row.shown_state),
        error=row.error,
        since=utc_or_none(row.since),
        sent_bytes=row.sent_bytes,
        n_dropped=row.n_dropped,
        created_at=utc(row.created_at),
    )


class SqlRestream:
    """See ``restream.RestreamRows``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: NewTarget) -> None:
        self._connection.execute(
            insert(restream_target).values(
                id=row.id,
                stream_id=row.stream_id,
                label=row.label,
                url=row.url,
                kept_key=row.kept_key,
                is_enabled=row.is_enabled,
                version=1,
                state=_IDLE,
                sent_bytes=0,
                n_dropped=0,
                created_at=now_s(),
            )
        )

    def get(self, target_id: RestreamTargetId) -> TargetRow | None:
        return next(iter(self._found(restream_target.c.id == target_id)), None)

    def of(self, stream_id: StreamId) -> list[TargetRow]:
        return self._found(restream_target.c.stream_id == stream_id)

    def wanted(self, stream_ids: Collection[StreamId]) -> list[TargetRow]:
        if not stream_ids:
            return []
        return self._found(
            restream_target.c.stream_id.in_(stream_ids), restream_target.c.is_enabled
        )

    def _found(self, *conditions: Any) -> list[TargetRow]:
        row = restream_target.c
        is_told = row.reported_at > now_s() - _SILENCE_S
        shown = case((is_told, row.state), else_=_IDLE).label("shown_state")
        query = select(restream_target, shown).where(*conditions)
        found = self._connection.execute(query.order_by(row.created_at, row.id))
        return [_row(one) for one in found]

    def count_of(self, stream_id: StreamId) -> int:
        query = select(func.count()).where(restream_target.c.stream_id == stream_id)
        count: int = self._connection.execute(query).scalar_one()
        return count

    def name(self, target_id: RestreamTargetId, label: str) -> None:
        self._set(target_id, label=label)

    def change(self, target_id: RestreamTargetId, values: Mapping[str, Any]) -> None:
        if values:
            version = restream_target.c.version + 1
            anew = {"version": version, "state": _IDLE, "error": None, "since": None}
            self._set(target_id, **anew, **values)

    def report(self, reports: Sequence[TargetReport]) -> None:
        if not reports:
            return
        beat, row = _beat(reports), restream_target.c
        is_new = row.state != beat.c.state
        self._connection.execute(
            update(restream_target)
            .where(row.id == beat.c.id, row.version == beat.c.version)
            .values(
                state=beat.c.state,
                error=func.nullif(beat.c.error, ""),
                since=case((is_new, now_s()), else_=func.coalesce(row.since, now_s())),
                sent_bytes=beat.c.sent_bytes,
                n_dropped=beat.c.n_dropped,
                reported_at=now_s(),
            )
        )

    def delete(self, target_id: RestreamTargetId) -> None:
        self._connection.execute(delete(restream_target).where(restream_target.c.id == target_id))

    def _set(self, target_id: RestreamTargetId, **values: Any) -> None:
        self._connection.execute(
            update(restream_target).where(restream_target.c.id == target_id).values(**values)
        )


def _beat(reports: Sequence[TargetReport]) -> CTE:
    return (
        values(
            column("id", String),
            column("version", SqlInteger),
            column("state", String),
            column("error", String),
            column("sent_bytes", SqlBigInteger),
            column("n_dropped", SqlBigInteger),
            name="beat",
        )
        .data(
            [
                (
                    one.target_id,
                    one.version,
                    one.state.value,
                    one.error or "",
                    one.sent_bytes,
                    one.n_dropped,
                )
                for one in reports
            ]
        )
        .cte("beat")
    )
