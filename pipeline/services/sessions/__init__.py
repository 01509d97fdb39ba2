"""Broadcasts: opened by a door, touched while their publisher is there, dropped, closed."""

from pipeline.services.sessions.checking import check_key, end_by_key
from pipeline.services.sessions.ending import close_session, drop_session, sweep_sessions
from pipeline.services.sessions.holding import Order, touch_sessions
from pipeline.services.sessions.opening import open_session, session_of
from pipeline.services.sessions.spool import note_piece, pieces_of

__all__ = [
    "Order",
    "check_key",
    "close_session",
    "drop_session",
    "end_by_key",
    "note_piece",
    "open_session",
    "pieces_of",
    "session_of",
    "sweep_sessions",
    "touch_sessions",
]
