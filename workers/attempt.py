"""One attempt at one task: its working place, its stop, its pulse."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Event, Lock

from pipeline.bootstrap import Pipeline
from pipeline.core.errors import Stopped
from pipeline.services import playback, tasks
from pipeline.services.claims import Claimed
from pipeline.storage.port import Written
from schemas.events import ProgressTick
from schemas.tasks import RenditionMade, SegmentMade, SourceRef
from schemas.timeline import Timeline
from schemas.workers import Pulse
from workers.bench import Tools
from workers.broadcast import Broadcast
from workers.incoming import IncomingSource
from workers.insistence import insist
from workers.recorded import RecordedBroadcast
from workers.scratch.cache import SourceCache

#: Least time between two progress ticks of a task.
_TICK_INTERVAL_S = 0.5
#: What the runner's own limit gets before the heartbeat gives the task up.
_STALL_MARGIN_S = 30.0
_BLOCK_BYTES = 256 * 1024
#: Storing more than this may take longer than a task may be silent.
_LARGE_BYTES = 64 * 2**20


class StopReason(StrEnum):
    """Why an attempt was interrupted."""

    CANCELLED = "cancelled"
    #: Another attempt may be running: publish nothing, report nothing.
    LOST = "lost"
    #: The process ends: give the task back.
    SHUTDOWN = "shutdown"


@dataclass(frozen=True)
class Place:
    """What of this box an attempt works with."""

    pipeline: Pipeline
    cache: SourceCache
    tools: Tools


class Attempt:
    """The bench of one claimed task; what it holds is let go by ``close``."""

    def __init__(self, claimed: Claimed, place: Place, scratch: Path) -> None:
        self.claimed = claimed
        self.task_id = claimed.task_id
        self.scratch = scratch
        self.tools = place.tools
        self.stop = Event()
        self.reason: StopReason | None = None
        self._place = place
        self._held = ExitStack()
        self._lock = Lock()
        self._progress: dict[str, float] = {}
        self._moved_at_s = time.monotonic()
        self._ticked_at_s = 0.0

    def interrupt(self, reason: StopReason) -> None:
        """Ask the work to stop; the first reason counts, but a lost lease beats all."""
        with self._lock:
            if self.reason is None or reason is StopReason.LOST:
                self.reason = reason
        self.stop.set()

    def is_alive(self) -> bool:
        """Tell whether the work showed progress lately."""
        silent_s = time.monotonic() - self._moved_at_s
        return silent_s < self.tools.stall_s + _STALL_MARGIN_S

    def pulse(self) -> Pulse:
        """Take the state for the next heartbeat."""
        with self._lock:
            progress = dict(self._progress)
        return Pulse(task_id=self.task_id, epoch=self.claimed.epoch, progress=progress)

    @property
    def incoming(self) -> IncomingSource:
        """What a task that brings the source in works with besides."""
        return IncomingSource(self._place.pipeline, self.claimed, self.stop)

    @property
    def recording(self) -> RecordedBroadcast:
        """What a task that makes a recording whole works with besides."""
        return RecordedBroadcast(self._place.pipeline, self.claimed)

    @property
    def broadcast(self) -> Broadcast:
        """What the live task of a broadcast works with besides."""
        return Broadcast(self._place.pipeline, self.claimed, self.stop)

    def source(self, ref: SourceRef) -> Path:
        """Bring the source to this box and hold it there until the attempt ends."""
        hold = self._place.cache.hold(ref, self.stop, on_progress=self._touch)
        return self._held.enter_context(hold)

    def put(self, path: Path, name: str, *, content_type: str) -> str:
        """Store a file under this attempt's prefix."""
        key = f"{self.claimed.prefix}{name}"
        if path.stat().st_size > _LARGE_BYTES:
            # Its type is lost on the store, but players are told the one in the database.
            self._stream(key, path)
        else:
            self._place.pipeline.storage.put_file(key, path, content_type=content_type)
        self._touch()
        return key

    def put_source(self, path: Path, name: str) -> SourceRef:
        """Store a copy of the source under this attempt's prefix, block by block."""
        key = f"{self.claimed.prefix}{name}"
        written = self._stream(key, path)
        return SourceRef(
            asset_id=self.claimed.asset_id,
            key=key,
            size_bytes=written.size_bytes,
            sha256=written.sha256,
        )

    def _stream(self, key: str, path: Path) -> Written:
        """Store block by block, each of them a sign of life and a chance to stop."""
        return self._place.pipeline.storage.put_stream(
            key, self._blocks(path), limit_bytes=path.stat().st_size
        )

    def _blocks(self, path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                if self.stop.is_set():
                    raise Stopped("asked to stop while storing a large file")
                self._touch()
                yield block

    def head(self, key: str, size_bytes: int) -> bytes:
        """Read the first bytes of a stored object."""
        with self._place.pipeline.storage.open(key, length=size_bytes) as blocks:
            data = b"".join(blocks)
        self._touch()
        return data

    def content_key(self) -> bytes:
        """Read the key this job's segments are encrypted with."""
        database, job_id = self._place.pipeline.database, self.claimed.job_id
        return insist(lambda: playback.content_key(database, job_id), until=self.stop)

    def fetch(self, key: str, path: Path) -> None:
        """Copy a stored object into the scratch folder."""
        self._place.pipeline.storage.fetch(key, path)
        self._touch()

    def report(self, progress: dict[str, float], *, speed: float | None = None) -> None:
        """Keep how far the work is and tell watchers now and then."""
        with self._lock:
            self._progress = dict(progress)
            now = self._moved_at_s = time.monotonic()
            is_due = now - self._ticked_at_s >= _TICK_INTERVAL_S
            if is_due:
                self._ticked_at_s = now
        if is_due:
            self._place.pipeline.bus.publish(
                ProgressTick(
                    job_id=self.claimed.job_id,
                    task_id=self.task_id,
                    epoch=self.claimed.epoch,
                    progress=progress,
                    speed=speed,
                )
            )

    def publish(self, renditions: Sequence[RenditionMade], segments: Sequence[SegmentMade]) -> None:
        """Make stored segments visible while the task goes on."""
        self._touch()
        insist(
            lambda: tasks.publish(
                self._place.pipeline.database,
                self.task_id,
                self.claimed.epoch,
                renditions,
                segments,
            ),
            until=self.stop,
        )

    def timeline(self) -> Timeline:
        """Read everything published of this task's job so far."""
        return playback.job_timeline(self._place.pipeline.database, self.claimed.job_id)

    def close(self) -> None:
        """Let go of the source."""
        self._held.close()

    def _touch(self) -> None:
        self._moved_at_s = time.monotonic()
