"""The door as a process of its own: one dies, its publisher goes to another, nothing is lost."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from pipeline.bootstrap import Pipeline, build
from pipeline.core.flv.tags import Tag
from pipeline.database.streams import SessionRow
from pipeline.services import sessions
from pipeline.settings import Settings
from schemas.streams import StreamId
from tests.support.broadcasting import channel
from tests.support.hand_publisher import HandPublisher
from tests.support.house import REELMILL, is_serving
from tests.support.live_house import tags_of
from tests.support.made_tags import broadcast
from tests.support.ports import free_port
from tests.support.product import ROOT
from tests.support.seaweed import S3Address
from tests.support.waiting import wait_until


@pytest.fixture
def shared(
    rabbitmq_url: str, redis_url: str, postgres_database: str, s3: S3Address, broker_prefix: str
) -> dict[str, str]:
    return {
        "broker_url": rabbitmq_url,
        "broker_prefix": broker_prefix,
        "redis_url": redis_url,
        "database_url": postgres_database,
        "s3_endpoint": s3.endpoint,
        "s3_access_key": s3.access_key,
        "s3_secret_key": s3.secret_key,
        "s3_bucket": s3.bucket,
        "s3_secure": str(s3.secure).lower(),
        "secret": "8f3a61c09b7e24d5f1830a6c5e92d74b",
    }


@pytest.fixture
def pipeline(shared: dict[str, str], tmp_path: Path) -> Iterator[Pipeline]:
    made = build(Settings(data_dir=tmp_path / "test", _env_file=None, **shared))  # type: ignore[arg-type]
    yield made
    made.close()


class Ingest:
    """One door."""

    def __init__(self, folder: Path, shared: dict[str, str]) -> None:
        folder.mkdir(exist_ok=True)
        self.rtmp_port, port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        own = {"data_dir": str(folder), "ingest_http_port": str(port)}
        own |= {"ingest_public_url": self.url, "rtmp_port": str(self.rtmp_port)}
        named = {f"REELMILL_{name.upper()}": text for name, text in (shared | own).items()}
        self._env = {**named, "PATH": "/usr/bin:/bin", "HOME": str(folder)}

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        with subprocess.Popen([*REELMILL, "ingest"], cwd=ROOT, env=self._env) as process:
            try:
                wait_until(lambda: is_serving(self.url), timeout_s=30)
                yield process
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                    assert process.wait(15) == 0
            finally:
                process.kill()


def newest(pipeline: Pipeline, stream_id: StreamId) -> SessionRow:
    with pipeline.database.read() as tx:
        return tx.sessions.of_stream(stream_id, 1)[0]


def stored(pipeline: Pipeline, session: SessionRow) -> list[Tag]:
    tags: list[Tag] = []
    for piece in sessions.pieces_of(pipeline.database, session.id):
        with pipeline.storage.open(piece.key) as blocks:
            tags += tags_of(b"".join(blocks))
    return tags


def epochs(pipeline: Pipeline, session: SessionRow) -> set[int]:
    return {piece.epoch for piece in sessions.pieces_of(pipeline.database, session.id)}


def test_a_publisher_goes_to_another_door_when_its_own_dies(
    shared: dict[str, str], pipeline: Pipeline, tmp_path: Path
) -> None:
    stream = channel(pipeline.database)
    one, other = Ingest(tmp_path / "one", shared), Ingest(tmp_path / "other", shared)
    first, again = list(broadcast(seconds=5)), list(broadcast(seconds=2))
    with ExitStack() as stack:
        dying = stack.enter_context(one.running())
        stack.enter_context(other.running())
        with HandPublisher(one.rtmp_port, stream.secret) as publisher:
            publisher.send(first)
            wait_until(lambda: newest(pipeline, stream.id).facts.get("clock_ms", 0) > 4900)
            viewer = httpx.get(f"{other.url}/live/{stream.id}.flv", follow_redirects=False)
            assert viewer.headers["Location"] == f"{one.url}/live/{stream.id}.flv"
            # What was written a second ago outlives any kill.
            time.sleep(1.2)
            dying.kill()
            dying.wait()
        wait_until(lambda: newest(pipeline, stream.id).silent_s > sessions.opening.ALIVE_S)

        with HandPublisher(other.rtmp_port, stream.secret) as publisher:
            assert publisher.is_publishing
            publisher.send(again)
            session = newest(pipeline, stream.id)
            assert (session.epoch, session.publisher.door_url) == (2, other.url)
            wait_until(lambda: newest(pipeline, stream.id).facts.get("clock_ms", 0) > 6900)
        with one.running():
            wait_until(lambda: 1 in epochs(pipeline, session))

    # A stopped door has put away what it had.
    came = stored(pipeline, session)
    assert came[: len(first)] == first
    assert [tag.payload for tag in came[len(first) + 1 :]] == [tag.payload for tag in again]
    assert came[len(first)].timestamp_ms > first[-1].timestamp_ms
