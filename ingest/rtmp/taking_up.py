"""After a crash: what a predecessor left is sent on, and its sessions wait for their publishers."""

import asyncio
from dataclasses import dataclass

import structlog

from ingest.rtmp.desk import DoorDesk
from ingest.rtmp.held import Stage
from ingest.rtmp.spool.piece import Piece
from ingest.rtmp.spool.shelf import Shelf
from ingest.rtmp.spool.shipping import Parcel, Shipper, remove
from pipeline.core.errors import NotFound, ReelmillError
from pipeline.database.streams import SessionRow
from pipeline.services import sessions
from schemas.streams import SessionId, SessionState

log = structlog.get_logger(__name__)

_RETRY_S = 2.0


@dataclass(frozen=True)
class Left:
    """What was found of one session."""

    session_id: SessionId
    shelf: Shelf
    #: Those that were there; a publisher who is back adds its own.
    pieces: list[Piece]


async def take_up(desk: DoorDesk, shipper: Shipper, left: list[Left]) -> None:
    """Take up one after the other, as soon as the database is there; on the door's loop."""
    for one in left:
        while True:
            try:
                await _take_up(desk, shipper, one)
                break
            except ReelmillError as error:
                log.warning("door.recovery_waits", code=error.instance_code)
                await asyncio.sleep(_RETRY_S)
            except Exception:  # those behind it are to be taken up all the same
                log.exception("door.recovery_failed", session_id=one.session_id)
                break


async def _take_up(desk: DoorDesk, shipper: Shipper, left: Left) -> None:
    try:
        session = await desk.call(sessions.session_of, desk.database, left.session_id)
        noted = await desk.call(sessions.pieces_of, desk.database, left.session_id)
    except NotFound:
        await desk.call(_clear, left)
        return
    known = {(piece.epoch, piece.number) for piece in noted}
    for piece in left.pieces:
        if piece.order in known:
            left.shelf.note(piece)
        else:
            shipper.send(Parcel(left.session_id, session.asset_id, left.shelf, piece))
    if desk.has(left.session_id):
        # Its publisher was faster.
        return
    held = desk.hold(session, left.shelf)
    if session.state is SessionState.OPEN and _is_ours(desk, session, left):
        held.stage = Stage.LEAVING
        desk.beat.hurry()
    elif session.state is not SessionState.GRACE:
        held.end()


def _is_ours(desk: DoorDesk, session: SessionRow, left: Left) -> bool:
    """Tell whether the publisher that the database still sees was here."""
    newest = max(piece.epoch for piece in left.pieces)
    return session.epoch == newest or session.publisher.door_url == desk.door_url


def _clear(left: Left) -> None:
    """Remove what is left of a session whose stream was deleted."""
    for piece in left.pieces:
        left.shelf.discard(piece)
    remove(left.shelf.folder)
