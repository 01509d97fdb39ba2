"""Broadcasts from a publisher to playlists: a door, a scheduler and workers of queue ``live``."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from compose.scheduler import Scheduler
from pipeline.core.flv.tags import Tag
from pipeline.services import jobs, playback, stream_keys, streams
from pipeline.services.stream_views import Addresses
from schemas.http import JobView
from schemas.profile import Profile, Rung
from schemas.streams import SessionState, StreamKeyRequest, StreamRequest
from schemas.timeline import RenditionTimeline, Timeline
from schemas.vocabulary import JobState, QueueName
from tests.support.broadcasting import Channel
from tests.support.hand_publisher import HandPublisher
from tests.support.live_house import FFMPEG, FFPROBE, LiveHouse, live_house, tags_of
from tests.support.waiting import wait_until
from workers.app import WorkerProcess

PROFILE = Profile(
    name="small",
    ladder=(
        Rung(name="180p", height_px=180, bitrate_bps=400_000),
        Rung(name="90p", height_px=90, bitrate_bps=150_000),
    ),
)
_OVER = (JobState.SUCCEEDED, JobState.FAILED)


@dataclass
class OnAir:
    """A house whose broadcasts are made into segments."""

    house: LiveHouse
    folder: Path
    _workers: list[WorkerProcess] = field(default_factory=list)

    def worker(self) -> WorkerProcess:
        """Start one more worker."""
        made = WorkerProcess(self.house.pipeline, (QueueName.LIVE,), 2, name="live")
        made.start()
        self._workers.append(made)
        return made

    def stop(self) -> None:
        """Stop all workers."""
        for worker in self._workers:
            worker.stop()

    def channel(self, profile: Profile = PROFILE, *, grace_s: int = 0) -> Channel:
        """Set a stream up."""
        database, at = self.house.pipeline.database, Addresses(rtmp_url="rtmp://localhost/live")
        request = StreamRequest(title="Talk", grace_s=grace_s)
        stream = streams.create(database, request, profile, account="local", at=at)
        asked = StreamKeyRequest(stream_id=stream.id)
        key = stream_keys.create(database, asked, profile, account="local", owner="local")
        return Channel(stream.id, key.id, key.key)

    def publish(self, stream: Channel, tags: Sequence[Tag]) -> None:
        """Send all of it at once, and leave."""
        with HandPublisher(self.house.door.port, stream.secret) as publisher:
            publisher.send(tags)
            publisher.unpublish()
        wait_until(lambda: self.house.newest(stream.id).state is not SessionState.OPEN)

    def timeline(self, stream: Channel) -> Timeline:
        """Read what is made of the newest broadcast."""
        job_id = self.house.newest(stream.id).job_id
        assert job_id is not None
        return playback.job_timeline(self.house.pipeline.database, job_id)

    def n_segments(self, stream: Channel) -> int:
        """Count what is published of each rendition."""
        job_id = self.house.newest(stream.id).job_id
        assert job_id is not None
        with self.house.pipeline.database.read() as tx:
            counts = tx.media.counts(job_id)
        return min(counts.values(), default=0)

    def ended(self, stream: Channel, *, timeout_s: float = 30.0) -> JobView:
        """Wait until the newest broadcast's job is over."""
        job_id = self.house.newest(stream.id).job_id
        assert job_id is not None
        database = self.house.pipeline.database
        wait_until(lambda: jobs.show(database, job_id).state in _OVER, timeout_s=timeout_s)
        return jobs.show(database, job_id)

    def get(self, path: str) -> tuple[int, dict[str, str], str]:
        """Ask for an address: status, headers and text."""
        try:
            with urllib.request.urlopen(f"{self.house.url}{path}", timeout=10) as answer:
                return answer.status, dict(answer.headers), answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as refused:
            return refused.code, dict(refused.headers), refused.read().decode()

    def file(self, rendition: RenditionTimeline) -> Path:
        """Put all segments of a rendition behind their init segments, as a player does."""
        path = self.folder / f"{rendition.name}-{rendition.segments[0].init_sha256[:8]}.mp4"
        before = ""
        with path.open("wb") as file:
            for segment in rendition.segments:
                keys = [segment.init_key] * (segment.init_sha256 != before) + [segment.key]
                before = segment.init_sha256
                for key in keys:
                    with self.house.pipeline.storage.open(key) as blocks:
                        file.writelines(blocks)
        return path

    def shown_s(self, rendition: RenditionTimeline) -> list[float]:
        """Tell when frames are shown; decoders are set up anew where the init segment changes."""
        runs = groupby(rendition.segments, key=lambda segment: segment.init_sha256)
        each = [rendition.model_copy(update={"segments": tuple(run)}) for _, run in runs]
        return [at_s for one in each for at_s in frame_times_s(self.file(one))]


@contextmanager
def on_air(folder: Path, **settings: Any) -> Iterator[OnAir]:
    """Run one with a worker."""
    with live_house(folder / "data", **settings) as house:
        scheduler = Scheduler(house.pipeline)
        scheduler.start()
        made = OnAir(house, folder)
        try:
            made.worker()
            yield made
        finally:
            made.stop()
            scheduler.stop()


def made_film(path: Path, *flags: str, size: str = "320x180", rate: str = "30") -> list[Tag]:
    """Make a publisher's film by ffmpeg; flags say how long it is and how it is coded."""
    command = [
        FFMPEG, "-v", "error", "-y",
        "-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}",
        "-f", "lavfi", "-i", "sine=r=48000",
        "-c:v", "libx264", "-preset", "ultrafast", "-sc_threshold", "0", "-bf", "2",
        "-pix_fmt", "yuv420p", "-c:a", "aac", *flags, "-f", "flv", str(path),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return tags_of(path.read_bytes())


def later(tags: Sequence[Tag], ms: int) -> list[Tag]:
    """Move tags on the clock."""
    return [Tag(tag.kind, tag.timestamp_ms + ms, tag.payload) for tag in tags]


def frame_times_s(path: Path) -> list[float]:
    """Decode a file; tell when each frame of it is shown. Fails where something does not decode."""
    command = [FFPROBE, "-v", "error", "-of", "json", "-show_entries", "frame=pts_time", str(path)]
    ended = subprocess.run(command, capture_output=True, check=True)
    assert ended.stderr == b""
    return [float(frame["pts_time"]) for frame in json.loads(ended.stdout)["frames"]]
