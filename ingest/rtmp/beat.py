"""Once a second: tells the database what this door has, and does what it says."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from ingest.rtmp.held import Held, Stage
from pipeline.core.errors import NotFound, ReelmillError
from pipeline.database.port import Database
from pipeline.services import sessions
from pipeline.services.sessions import Order
from schemas.streams import SessionEnd, SessionId

log = structlog.get_logger(__name__)

BEAT_S = 1.0
_WORDS: Mapping[Order, tuple[str, str]] = {
    Order.LOST: (
        "NetStream.Publish.BadName",
        "Somebody else publishes to this stream now.",
    ),
    Order.REVOKED: ("NetStream.Publish.Denied", "The stream key was revoked."),
    Order.CLOSED: ("NetStream.Unpublish.Success", "The broadcast was ended."),
}

Call = Callable[..., Awaitable[Any]]


class Beat:
    """Runs on the door's loop; what waits for the database goes through ``call``."""

    def __init__(
        self, database: Database, held: dict[SessionId, Held], call: Call, *, lease_s: float
    ) -> None:
        self._database = database
        self._held = held
        self._call = call
        self._lease_s = lease_s
        self._early = asyncio.Event()

    def hurry(self) -> None:
        """Do the next one at once: somebody has gone."""
        self._early.set()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            self._early.clear()
            try:
                await self.once()
            except ReelmillError as error:
                # Publishers stay; what is to be told is told when the database is back.
                log.warning("door.database_waits", code=error.instance_code)
                await asyncio.sleep(BEAT_S)
            except Exception:  # a dead beat would lose every publisher of this door
                log.exception("door.beat_failed")
                await asyncio.sleep(BEAT_S)
            try:
                await asyncio.wait_for(self._early.wait(), BEAT_S)
            except TimeoutError:
                continue

    async def once(self) -> None:
        """Tell and obey, one thing after the other: a late word must not undo a newer one.

        Raises:
            ReelmillError: the database is away; nothing is lost by it.
        """
        self._forget()
        held = [one for one in self._held.values() if one.stage is not Stage.OVER]
        if not held:
            return
        # The last of those who leave is told too: how far their clocks came.
        touches = {one.session.id: one.touch() for one in held}
        orders = await self._call(
            sessions.touch_sessions,
            self._database,
            list(touches.values()),
            lease_s=self._lease_s,
        )
        for one in held:
            is_same = one.session.epoch == touches[one.session.id].epoch
            if is_same and (order := orders.get(one.session.id)) is not None:
                self._obey(one, order)
        for one in held:
            if one.stage in {Stage.LEAVING, Stage.REVOKED}:
                await self._let_go(one)

    def _forget(self) -> None:
        """Let go of what is over, and of which nothing lies here any more."""
        for session_id, one in list(self._held.items()):
            if one.stage is Stage.OVER and one.shelf.is_over and not one.shelf.pieces():
                del self._held[session_id]

    def _obey(self, held: Held, order: Order) -> None:
        log.info("door.let_go", session_id=held.session.id, order=order.value)
        stage = Stage.REVOKED if order is Order.REVOKED else Stage.OVER
        publication = held.publication
        if publication is not None:
            held.leave(publication, stage)
            publication.dismiss(*_WORDS[order])
        else:
            held.stage = stage
        if stage is Stage.OVER:
            held.end()

    async def _let_go(self, held: Held) -> None:
        session, is_revoked = held.session, held.stage is Stage.REVOKED
        try:
            if is_revoked:
                is_ours = await self._call(
                    sessions.close_session,
                    self._database,
                    session.id,
                    epoch=session.epoch,
                    end=SessionEnd.REVOKED,
                )
            else:
                is_ours = await self._call(
                    sessions.drop_session, self._database, session.id, epoch=session.epoch
                )
        except NotFound:
            is_ours = False
        if held.session.epoch != session.epoch or held.stage is Stage.ON:
            # Its publisher came back meanwhile.
            return
        if is_ours and not is_revoked:
            held.stage = Stage.AWAY
        else:
            held.end()
