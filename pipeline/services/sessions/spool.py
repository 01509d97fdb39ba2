"""The spool of a broadcast: which finished pieces of what its publisher sent are in storage."""

from pipeline.core.errors import NotFound
from pipeline.database.port import Database
from pipeline.database.streams import SpoolPiece
from pipeline.services.sessions.opening import need
from schemas.streams import SessionId


def note_piece(db: Database, piece: SpoolPiece) -> None:
    """Note a piece that is in storage; repeating it is fine, and so is a closed broadcast.

    Raises:
        NotFound: the broadcast's stream was deleted.
    """
    with db.write() as tx:
        # Held, so that it is not deleted before the piece is there.
        if tx.streams.hold(need(tx, piece.session_id).stream_id) is None:
            raise NotFound("its stream was deleted", code="stream.session_not_found")
        tx.sessions.add_piece(piece)


def pieces_of(db: Database, session_id: SessionId) -> list[SpoolPiece]:
    """List a broadcast's pieces, by epoch and number."""
    with db.read() as tx:
        return tx.sessions.pieces(session_id)
