"""Broadcasts, held: a door says once a second what it has, and hears what has ended."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from pipeline.database.port import Database
from pipeline.database.streams import Standing, Touch
from pipeline.services.sessions.opening import need
from pipeline.services.sessions.telling import tell
from schemas.events import EventType
from schemas.streams import SessionEnd, SessionId, SessionState


class Order(StrEnum):
    """Why a door must let a publisher go."""

    #: The publisher was given to another connection since.
    LOST = "lost"
    #: Its key counts no more.
    REVOKED = "revoked"
    #: The broadcast is over: stopped, its grace was up, or its stream was deleted.
    CLOSED = "closed"


def touch_sessions(
    db: Database, touches: Sequence[Touch], *, lease_s: float
) -> Mapping[SessionId, Order]:
    """Renew a door's leases; answer those it must let go of.

    A revoked one is closed by the door, with ``SessionEnd.REVOKED``, when its publisher is gone.

    Raises:
        DatabaseUnavailable: nothing is known; publishers stay, the next touch tells.
    """
    with db.write() as tx:
        standings = {one.session_id: one for one in tx.sessions.touch(touches, lease_s)}
        for one in standings.values():
            if one.was_away and one.state is SessionState.OPEN:
                tell(tx, EventType.STREAM_RESUMED, need(tx, one.session_id))
    orders = {one.session_id: _order(one, standings.get(one.session_id)) for one in touches}
    return {session_id: order for session_id, order in orders.items() if order is not None}


def _order(touch: Touch, standing: Standing | None) -> Order | None:
    if standing is None:
        return Order.CLOSED
    if standing.state is SessionState.CLOSED:
        return Order.REVOKED if standing.end is SessionEnd.REVOKED else Order.CLOSED
    if standing.epoch != touch.epoch:
        return Order.LOST
    return Order.REVOKED if standing.is_key_void else None
