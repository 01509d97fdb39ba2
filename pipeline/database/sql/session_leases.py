"""Broadcasts as rows: what doors say of many at once."""

from collections.abc import Sequence

from sqlalchemy import (
    CTE,
    Boolean,
    Connection,
    String,
    and_,
    case,
    column,
    or_,
    select,
    update,
    values,
)
from sqlalchemy import BigInteger as SqlBigInteger
from sqlalchemy import Integer as SqlInteger

from pipeline.database.sql.columns import JsonColumn, now_s
from pipeline.database.sql.stream_tables import stream_key, stream_session
from pipeline.database.streams import Standing, Touch
from schemas.streams import SessionEnd, SessionState

_CLOSED = SessionState.CLOSED.value


class SqlSessionLeases:
    """See ``session_rows.SessionRows``: the leases."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def touch(self, touches: Sequence[Touch], lease_s: float) -> list[Standing]:
        if not touches:
            return []
        away = self._away(touches)
        self._renew(touches, lease_s)
        return self._standing(touches, away)

    def _away(self, touches: Sequence[Touch]) -> frozenset[str]:
        row = stream_session.c
        found = select(row.id).where(
            row.id.in_([touch.session_id for touch in touches]),
            row.state == SessionState.GRACE.value,
        )
        return frozenset(self._connection.execute(found).scalars())

    def _renew(self, touches: Sequence[Touch], lease_s: float) -> None:
        beat, row = _beat(touches), stream_session.c
        # Who changes a broadcast right now is not waited for: the next touch comes in a second.
        free = (
            select(row.id)
            .where(row.id.in_([touch.session_id for touch in touches]))
            .with_for_update(skip_locked=True)
        )
        may_stay = or_(beat.c.is_alive, row.state == SessionState.OPEN.value)
        self._connection.execute(
            update(stream_session)
            .where(row.id == beat.c.id, row.epoch == beat.c.epoch, row.state != _CLOSED)
            .where(row.id.in_(free))
            .values(
                lease_until=now_s() + lease_s,
                last_byte_at=case((beat.c.is_alive, now_s()), else_=row.last_byte_at),
                received_bytes=beat.c.received_bytes,
                facts=beat.c.facts,
                state=case((may_stay, SessionState.OPEN.value), else_=row.state),
                dropped_at=case((may_stay, None), else_=row.dropped_at),
                grace_until=case((may_stay, None), else_=row.grace_until),
            )
        )

    def _standing(self, touches: Sequence[Touch], away: frozenset[str]) -> list[Standing]:
        row, key = stream_session.c, stream_key.c
        is_void = and_(
            row.key_id.is_not(None),
            or_(key.id.is_(None), key.revoked_at.is_not(None), key.version != row.key_version),
        )
        rows = self._connection.execute(
            select(row.id, row.epoch, row.state, row.end_reason, is_void.label("is_void"))
            .join(stream_key, key.id == row.key_id, isouter=True)
            .where(row.id.in_([touch.session_id for touch in touches]))
        )
        return [
            Standing(
                session_id=found.id,
                epoch=found.epoch,
                state=SessionState(found.state),
                end=None if found.end_reason is None else SessionEnd(found.end_reason),
                is_key_void=bool(found.is_void),
                was_away=found.id in away,
            )
            for found in rows
        ]


def _beat(touches: Sequence[Touch]) -> CTE:
    return (
        values(
            column("id", String),
            column("epoch", SqlInteger),
            column("received_bytes", SqlBigInteger),
            column("is_alive", Boolean),
            column("facts", JsonColumn),
            name="beat",
        )
        .data(
            [(t.session_id, t.epoch, t.received_bytes, t.is_alive, dict(t.facts)) for t in touches]
        )
        .cte("beat")
    )
