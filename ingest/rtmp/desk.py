"""Where it is decided who may publish, and what becomes of a session then."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from ingest.rtmp.admission import WrongKeys
from ingest.rtmp.beat import Beat
from ingest.rtmp.connection import Connection
from ingest.rtmp.held import Held, Stage
from ingest.rtmp.publication import Publication
from ingest.rtmp.refusals import told
from ingest.rtmp.spool.piece import Piece
from ingest.rtmp.spool.shelf import Shelf
from ingest.rtmp.spool.shipping import Parcel, Shipper
from ingest.rtmp.spool.writer import SpoolWriter
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import RateLimited, ReelmillError, StorageFull, Unauthenticated
from pipeline.core.quotas import WINDOW_S
from pipeline.database.streams import SessionRow
from pipeline.services import sessions
from pipeline.services.ids import new_id
from schemas.streams import SessionId

log = structlog.get_logger(__name__)

Call = Callable[..., Awaitable[Any]]


class DoorDesk:
    """On the door's loop; see ``connection.Desk``."""

    def __init__(
        self,
        pipeline: Pipeline,
        held: dict[SessionId, Held],
        shipper: Shipper,
        beat: Beat,
        call: Call,
        *,
        door_url: str,
    ) -> None:
        self.database = pipeline.database
        self._pipeline = pipeline
        self._held = held
        self._shipper = shipper
        self.beat = beat
        self.call = call
        #: Where workers reach what it has.
        self.door_url = door_url
        self._wrong_keys = WrongKeys()
        #: Addresses that tried too many keys, and until when.
        self._barred: dict[str, float] = {}
        #: What a predecessor left.
        self.found: dict[SessionId, Shelf] = {}
        #: Those whose files are not finished yet.
        self.ending: set[Publication] = set()

    async def open(self, key: str, connection: Connection) -> Publication | None:
        """Let a publisher in; None where it was refused, and told so."""
        try:
            self._require_patience(connection.address)
            session, begin_ms = await self.call(self._opened, key)
        except ReelmillError as error:
            await self._hold_back(error, connection.address)
            log.info("door.refused", address=connection.address, code=error.instance_code)
            connection.refuse(*told(error))
            return None
        log.info("door.publishing", session_id=session.id, epoch=session.epoch)
        return self._begun(session, begin_ms)

    def _require_patience(self, address: str) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s < self._barred.get(address, 0.0):
            raise RateLimited("too many wrong stream keys were tried")

    async def _hold_back(self, error: ReelmillError, address: str) -> None:
        if not isinstance(error, Unauthenticated):
            return
        window = await self.call(
            self._pipeline.counter.count, f"stream-keys:{address}", window_s=WINDOW_S
        )
        now_s = asyncio.get_running_loop().time()
        self._barred = {one: until for one, until in self._barred.items() if until > now_s}
        if window.n >= self._pipeline.settings.rate_auth:
            self._barred[address] = now_s + window.left_s
        await asyncio.sleep(self._wrong_keys.failed(address))

    def _opened(self, key: str) -> tuple[SessionRow, int]:
        """Open the session of a key, and tell where its clock goes on."""
        settings = self._pipeline.settings
        _require_room(settings.resolved_spool_dir, settings.spool_floor_bytes)
        session = sessions.open_session(
            self.database,
            door_url=self.door_url,
            holder=new_id(),
            lease_s=settings.live_lease_s,
            key_secret=key,
        )
        if session.epoch == 1:
            return session, 0
        pieces = sessions.pieces_of(self.database, session.id)
        stored_ms = max((piece.until_ms for piece in pieces), default=0)
        return session, max(_age_ms(session), stored_ms, int(session.facts.get("clock_ms", -1)) + 1)

    def _begun(self, session: SessionRow, begin_ms: int) -> Publication:
        before = self._held.get(session.id)
        if before is not None and before.publication is not None:
            # Its connection is dead and does not know it yet.
            publication = before.publication
            self._finish(publication, before, Stage.AWAY)
            publication.dismiss("NetStream.Publish.BadName", "It goes on by another connection.")
        held = self._held_for(session)
        begin_ms = max(begin_ms, held.front_ms + 1, held.shelf.until_ms)
        if session.epoch == 1:
            begin_ms = 0
        held.broadcast.restart()

        def finished(piece: Piece) -> None:
            self._shipper.send(Parcel(session.id, session.asset_id, held.shelf, piece))

        writer = SpoolWriter(held.shelf, session.epoch, finished, name=session.id[:8])
        publication = Publication(session, begin_ms, held.broadcast, writer)
        held.begin(publication)
        return publication

    def _held_for(self, session: SessionRow) -> Held:
        held = self._held.get(session.id)
        if held is not None and held.stage is not Stage.OVER:
            return held
        return self.hold(session, self._shelf(session.id))

    def _shelf(self, session_id: SessionId) -> Shelf:
        held = self._held.get(session_id)
        if held is not None:
            return held.shelf
        folder = self._pipeline.settings.resolved_spool_dir / session_id
        return self.found.get(session_id) or Shelf(folder)

    def hold(self, session: SessionRow, shelf: Shelf) -> Held:
        """Have a session here, with what lies here of it."""
        public_url = self._pipeline.settings.ingest_public_url
        held = self._held[session.id] = Held(session, shelf, public_url)
        self._shipper.watch(session.id, shelf)
        return held

    def has(self, session_id: SessionId) -> bool:
        """Tell whether a session is here."""
        return session_id in self._held

    def leave(self, publication: Publication) -> None:
        """Note that a publisher has gone."""
        held = self._held.get(publication.session.id)
        if held is not None:
            self._finish(publication, held, Stage.LEAVING)
            log.info("door.publisher_gone", session_id=publication.session.id)
            self.beat.hurry()

    def _finish(self, publication: Publication, held: Held, stage: Stage) -> None:
        held.leave(publication, stage)
        self.ending.add(publication)
        self.ending = {one for one in self.ending if one.is_ending}


def _age_ms(session: SessionRow) -> int:
    """Tell how long ago a session began, by the database's clock."""
    since = session.last_byte_at - session.opened_at + timedelta(seconds=session.silent_s)
    return int(since.total_seconds() * 1000)


def _require_room(spool: Path, floor_bytes: int) -> None:
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(spool).free < floor_bytes:
        raise StorageFull(
            "there is no room to keep what you would send", remedy="Tell the operator."
        )
