"""All that one door pushes on: once a second what is wanted is compared with what is done."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from ingest.rtmp.restream.push import Push
from ingest.rtmp.restream.source import Source
from pipeline.core.egress import Rules
from pipeline.core.errors import ReelmillError
from pipeline.database.port import Database
from pipeline.database.restream import TargetReport
from pipeline.outbound.road import public_trust
from pipeline.services import restream
from pipeline.services.restream import Wanted
from pipeline.services.safe import Safe
from schemas.restream import RestreamTargetId
from schemas.streams import StreamId

log = structlog.get_logger(__name__)

BEAT_S = 1.0

#: Runs what waits for the database on a thread.
Call = Callable[..., Awaitable[Any]]
Key = tuple[RestreamTargetId, int]
#: Beats in which a push may send the last of a broadcast that is over.
_LAST_BEATS = 5


@dataclass
class _Running:
    """A push, and the broadcast it is of."""

    push: Push
    source: Source
    task: asyncio.Task[None]
    n_last_beats: int = 0

    def is_on(self, sources: Mapping[StreamId, Source]) -> bool:
        return sources.get(self.push.wanted.stream_id) is self.source

    def is_over(self, sources: Mapping[StreamId, Source]) -> bool:
        """Tell whether there is nothing more to send: one that is not live has nothing at all."""
        if self.task.done():
            return True
        if self.is_on(sources):
            return False
        self.n_last_beats += 1
        return not self.push.is_live or self.n_last_beats > _LAST_BEATS


class Restreamer:
    """Runs on the door's loop.

    ``sources`` tells what is live here now; a broadcast that ends lets its pushes end by itself.
    """

    def __init__(
        self,
        database: Database,
        safe: Safe,
        rules: Rules,
        sources: Callable[[], Mapping[StreamId, Source]],
        call: Call,
        *,
        trust: ssl.SSLContext | None = None,
        beat_s: float = BEAT_S,
    ) -> None:
        self._database = database
        self._safe = safe
        self._rules = rules
        self._sources = sources
        self._call = call
        self._trust = trust or public_trust()
        self._beat_s = beat_s
        self._running: dict[Key, _Running] = {}

    async def run(self) -> None:
        """Go on until cancelled; then every push ends."""
        try:
            while True:
                try:
                    await self.once()
                except ReelmillError as error:
                    # What is pushed goes on; what is wanted is asked again.
                    log.warning("restream.database_waits", code=error.instance_code)
                except Exception:  # dead, it would push nothing of anybody any more
                    log.exception("restream.beat_failed")
                await asyncio.sleep(self._beat_s)
        finally:
            await self._let_go(list(self._running))

    async def once(self) -> None:
        """Tell the database how it goes, and do what it says."""
        sources = dict(self._sources())
        if not sources and not self._running:
            return
        reports = [one.push.report() for one in self._running.values()]
        wanted = await self._exchange(reports, list(sources))
        await self._obey({(one.id, one.version): one for one in wanted}, sources)

    async def _exchange(
        self, reports: list[TargetReport], stream_ids: list[StreamId]
    ) -> list[Wanted]:
        found: list[Wanted] = await self._call(
            restream.exchange, self._database, self._safe, reports, stream_ids
        )
        return found

    async def _obey(self, wanted: Mapping[Key, Wanted], sources: Mapping[StreamId, Source]) -> None:
        over = [key for key, one in self._running.items() if one.is_over(sources)]
        last = [self._running[key].push.rest() for key in over]
        unwanted = [
            key
            for key, one in self._running.items()
            if key not in wanted and one.is_on(sources) and key not in over
        ]
        await self._let_go([*over, *unwanted])
        for key, one in wanted.items():
            source = sources.get(one.stream_id)
            if key not in self._running and key not in over and source is not None:
                push = Push(one, source, self._rules, self._trust)
                self._running[key] = _Running(push, source, asyncio.ensure_future(push.run()))
        if last:
            await self._exchange(last, [])

    async def _let_go(self, keys: list[Key]) -> None:
        """Cancel, and wait until nothing of it is left."""
        tasks = [self._running.pop(key).task for key in keys]
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("restream.broke", error=repr(result))
