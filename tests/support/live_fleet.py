"""The distributed form with doors: streams that are published to it, and what became of them."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.errors import DatabaseUnavailable
from pipeline.database.streams import SessionRow
from pipeline.services import assets, jobs, sessions, stream_keys, streams
from schemas.http import AssetView, JobView
from schemas.profile import Profile
from schemas.streams import SessionState, StreamId, StreamKeyRequest, StreamRequest
from schemas.vocabulary import AssetState, JobState, QueueName, TaskKind, TaskState
from tests.support.broadcasting import AT
from tests.support.fleet import Fleet, Servers
from tests.support.hand_work import SMALL
from tests.support.roles import ALL_QUEUES, Api, Ingest, Worker
from tests.support.waiting import wait_until

_LIVE = (QueueName.LIVE,)
_AFTER = (QueueName.RECORD, *ALL_QUEUES)


@dataclass(frozen=True)
class Stream:
    """One, and the key to publish to it."""

    id: StreamId
    key: str


class LiveFleet(Fleet):
    """Times are the product's own: how soon a fault is over is what is asked here."""

    def __init__(self, folder: Path, servers: Servers, capabilities: Path) -> None:
        super().__init__(folder, servers, capabilities)
        for name in ("lease_s", "heartbeat_s", "sweep_interval_s"):
            del self.settings[name]
        self.settings["rate_limits"] = "never"
        self.ingests: list[Ingest] = []
        self.recorder: Worker | None = None

    def open(self, *, n_ingests: int = 1, n_workers: int = 1, slots: int = 4) -> Api:
        """Start scheduler, doors, workers for broadcasts and an API, all at once."""
        self.add_scheduler()
        ingests = [self._ingest() for _ in range(n_ingests)]
        workers = [self.add_live_worker(slots=slots, is_waited=False) for _ in range(n_workers)]
        api = self.add_api()
        for role in (*ingests, *workers):
            role.wait_until_ready()
        return api

    def _ingest(self, **settings: Any) -> Ingest:
        folder = self.folder / f"ingest{len(self.ingests)}"
        ingest = Ingest(folder, {**self.settings, **settings})
        self.ingests.append(ingest)
        self.roles.append(ingest)
        ingest.launch()
        return ingest

    def add_ingest(self, **settings: Any) -> Ingest:
        """Start another door and wait until it takes publishers."""
        ingest = self._ingest(**settings)
        ingest.wait_until_ready()
        return ingest

    def add_live_worker(self, *, slots: int = 4, is_waited: bool = True, **settings: Any) -> Worker:
        """Start a box for broadcasts."""
        return self._box(_LIVE, slots, settings, is_waited=is_waited)

    def add_recorder(self) -> Worker:
        """Start the box that makes recordings whole, once broadcasts are over."""
        self.recorder = self._box(_AFTER, 2, {}, is_waited=True)
        return self.recorder

    def _box(
        self,
        queues: tuple[QueueName, ...],
        slots: int,
        settings: dict[str, Any],
        *,
        is_waited: bool,
    ) -> Worker:
        worker = self._worker(slots, settings, queues)
        worker.launch()
        if is_waited:
            worker.wait_until_ready()
        return worker

    # -- streams ---------------------------------------------------------------------------

    def stream(self, profile: Profile = SMALL, **asked: Any) -> Stream:
        """Set one up."""
        database = self.pipeline.database
        request = StreamRequest(title="Talk", **asked)
        made = streams.create(database, request, profile, account="local", at=AT)
        wish = StreamKeyRequest(stream_id=made.id)
        key = stream_keys.create(database, wish, profile, account="local", owner="local")
        return Stream(made.id, key.key)

    def watched_at(self, api: Api, stream: Stream) -> str:
        """Tell where viewers watch what is on."""
        return f"{api.url}/live/{stream.id}/master.m3u8"

    def session(self, stream: Stream) -> SessionRow:
        """Get its last broadcast."""
        with self.pipeline.database.read() as tx:
            return tx.sessions.of_stream(stream.id, 1)[0]

    def n_sessions(self, stream: Stream) -> int:
        """Count its broadcasts."""
        with self.pipeline.database.read() as tx:
            return len(tx.sessions.of_stream(stream.id, 100))

    def job(self, stream: Stream) -> JobView:
        """Show what is made of its last broadcast."""
        return jobs.show(self.pipeline.database, self.session(stream).job_id)

    def asset(self, stream: Stream) -> AssetView:
        """Show what its last broadcast is kept as."""
        return assets.show(self.pipeline.database, self.session(stream).asset_id)

    def worker_of(self, stream: Stream) -> Worker | None:
        """Find the box that makes its segments."""
        for task in self.job(stream).tasks:
            if task.kind is TaskKind.LIVE and task.state is TaskState.RUNNING:
                return self.owner_of(task)
        return None

    def n_segments(self, stream: Stream) -> int:
        """Count whole sets of segments that can be played."""
        with self.pipeline.database.read() as tx:
            found = tx.media.segments(self.session(stream).job_id)
        names = {each.rendition for each in found}
        return min((sum(s.rendition == name for s in found) for name in names), default=0)

    def wait_for_segments(self, stream: Stream, n: int, *, timeout_s: float = 45.0) -> None:
        """Wait until so many sets are there."""
        wait_until(lambda: self._has_segments(stream, n), timeout_s=timeout_s)

    def _has_segments(self, stream: Stream, n: int) -> bool:
        try:
            return self.n_segments(stream) >= n
        except (DatabaseUnavailable, IndexError):  # parts of some scenarios
            return False

    def close_sessions(self, *them: Stream) -> None:
        """End broadcasts without waiting for their grace to be over."""
        for stream in them:
            sessions.close_session(self.pipeline.database, self.session(stream).id)

    def wait_for_recordings(self, *them: Stream, timeout_s: float = 60.0) -> float:
        """Wait until broadcasts that are over can be watched whole; tell how long that took."""
        began_at_s = time.monotonic()
        wait_until(lambda: all(self._is_ready(one) for one in them), timeout_s=timeout_s)
        return time.monotonic() - began_at_s

    def _is_ready(self, stream: Stream) -> bool:
        job, session = self.job(stream), self.session(stream)
        assert job.state not in {JobState.FAILED, JobState.CANCELLED}, job.error
        is_over = session.state is SessionState.CLOSED
        return is_over and self.asset(stream).state is AssetState.READY

    def wait_for_whole_recordings(self, *them: Stream, timeout_s: float = 120.0) -> None:
        """Wait until all that comes after a broadcast is done too, but for proofs."""
        if self.recorder is None:
            self.add_recorder()
        wait_until(lambda: all(self._is_done(one) for one in them), timeout_s=timeout_s)

    def _is_done(self, stream: Stream) -> bool:
        tasks = [task for job in self._jobs(stream) for task in job.tasks]
        assert all(task.state is not TaskState.FAILED for task in tasks), tasks
        has_begun = any(task.kind is TaskKind.RECORD for task in tasks)
        return has_begun and all(
            task.state is TaskState.SUCCEEDED for task in tasks if task.kind is not TaskKind.PROVE
        )

    def _jobs(self, stream: Stream) -> list[JobView]:
        """Show all that was made of its last broadcast; what was not served is made anew."""
        database, asset_id = self.pipeline.database, self.session(stream).asset_id
        listed = jobs.page(database, cursor=None, limit=100).items
        mine = [one for one in listed if one.asset_id == asset_id]
        return [jobs.show(database, one.id) for one in mine]
