"""The RTMP door: publishers in; spool, broadcast and rows out. A thread of its own with a loop."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import structlog

from ingest.rtmp.beat import Beat
from ingest.rtmp.desk import DoorDesk
from ingest.rtmp.held import Held, Stage
from ingest.rtmp.listener import Listener
from ingest.rtmp.restream.restreamer import Restreamer
from ingest.rtmp.restream.source import Source
from ingest.rtmp.spool.recovery import recover
from ingest.rtmp.spool.shelf import Shelf
from ingest.rtmp.spool.shipping import Shipper
from ingest.rtmp.taking_up import Left, take_up
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import ReelmillError
from pipeline.services import restream
from pipeline.services.safe import Safe
from schemas.streams import SessionId, StreamId

log = structlog.get_logger(__name__)

_N_THREADS = 8
#: What stopping may take: for files, for the database, for storage.
_FILES_S, _WORDS_S, _STORAGE_S = 3.0, 3.0, 2.0


class Door:
    """Begun once, ended once. What it holds may be read from any thread."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._held: dict[SessionId, Held] = {}
        self._pool = ThreadPoolExecutor(_N_THREADS, thread_name_prefix="door")
        self._shipper = Shipper(
            pipeline.database,
            pipeline.storage,
            limit_bytes=pipeline.settings.spool_limit_bytes,
        )
        #: Made where it is started: one that is not run would have to be closed.
        self._loop: asyncio.AbstractEventLoop
        self._thread = Thread(target=self._run, name="door", daemon=True)
        self._beat = Beat(
            pipeline.database, self._held, self._call, lease_s=pipeline.settings.live_lease_s
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._desk: DoorDesk | None = None
        self._listener: Listener | None = None
        self._is_stopping = False

    @property
    def port(self) -> int:
        """The port publishers come to."""
        return self._listener.port if self._listener else 0

    def held(self, session_id: SessionId) -> Held | None:
        """Find a session that is here, with its publisher or waiting for it."""
        held = self._held.get(session_id)
        return None if held is None or held.stage is Stage.OVER else held

    def known(self, session_id: SessionId) -> Held | None:
        """Find a session of which something may still lie here, over or not."""
        return self._held.get(session_id)

    def held_of(self, stream_id: StreamId) -> Held | None:
        """Find what is on of a stream, if it is here."""
        for held in list(self._held.values()):
            if held.session.stream_id == stream_id and held.stage is not Stage.OVER:
                return held
        return None

    def sweep(self, *, keep_s: float) -> None:
        """Clear away at once what is over and stored, and older than that; it happens by itself."""
        self._shipper.sweep(keep_s=keep_s)

    def start(self, door_url: str) -> None:
        """Open, at an address where workers reach what it has.

        Raises:
            Refused: a port is taken (``rtmp.bind``).
            InvalidRequest: the certificate cannot be used (``rtmp.certificate``).
        """
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        try:
            self._on_loop(self._open(door_url)).result()
        except BaseException:
            self._end_loop()
            raise
        log.info("door.open", port=self.port)

    def stop(self) -> None:
        """Close: sessions wait for their publishers elsewhere, and what is kept stays kept."""
        if not self._thread.is_alive():
            return
        self._is_stopping = True
        self._on_loop(self._close()).result()
        self._end_loop()
        self._shipper.stop(within_s=_STORAGE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _on_loop(self, work: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _call(self, work: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Do what waits for others beside the loop."""
        return await self._loop.run_in_executor(self._pool, partial(work, *args, **named))

    async def _open(self, door_url: str) -> None:
        settings = self._pipeline.settings
        desk = DoorDesk(
            self._pipeline, self._held, self._shipper, self._beat, self._call, door_url=door_url
        )
        listener = Listener(settings, desk)
        await listener.bind()
        self._desk, self._listener = desk, listener
        found = await self._call(_found, settings.resolved_spool_dir)
        desk.found = dict(found)
        self._shipper.start()
        await listener.listen()
        self._tasks = [
            self._loop.create_task(work.run()) for work in (self._beat, self._restreamer())
        ]
        left = [Left(session_id, shelf, shelf.pieces()) for session_id, shelf in found]
        if left:
            self._tasks.append(self._loop.create_task(take_up(desk, self._shipper, left)))

    def _restreamer(self) -> Restreamer:
        pipeline = self._pipeline
        return Restreamer(
            pipeline.database,
            Safe.of(pipeline.secret, restream.PURPOSE),
            pipeline.restream_rules,
            self._live,
            self._call,
        )

    def _live(self) -> Mapping[StreamId, Source]:
        """Tell what is on here, or waits for its publisher."""
        return {
            held.session.stream_id: held.broadcast
            for held in self._held.values()
            if held.stage is not Stage.OVER
        }

    async def _close(self) -> None:
        if self._listener is None or self._desk is None:
            return
        await self._listener.close()
        ending = list(self._desk.ending)
        for publication in ending:
            await self._call(publication.join, _FILES_S)
        try:
            async with asyncio.timeout(_WORDS_S):
                await self._stop_beat()
                await self._beat.once()
        except (ReelmillError, TimeoutError):
            log.warning("door.leases_left", n=len(self._held))
        for held in self._held.values():
            held.end()

    async def _stop_beat(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _found(spool: Path) -> list[tuple[SessionId, Shelf]]:
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    return list(recover(spool))
