"""A door with its HTTP over a pipeline of its own, and publishers that come to it."""

import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from api.serving import serve_embedded
from compose.http import application
from ingest.rtmp.door import Door
from pipeline.bootstrap import Pipeline, build
from pipeline.core import live_access
from pipeline.core.flv.tags import Tag, TagReader
from pipeline.database.streams import SessionRow
from pipeline.settings import Settings
from schemas.streams import SessionId, StreamId
from workers.ffmpeg.tools import find

FFMPEG, FFPROBE = find(Settings(_env_file=None))


@dataclass(frozen=True)
class LiveHouse:
    """It, running."""

    pipeline: Pipeline
    door: Door
    url: str

    def rtmp(self, key: str) -> str:
        """Tell where to publish."""
        return f"rtmp://127.0.0.1:{self.door.port}/live/{key}"

    def running(self, stream_id: StreamId) -> SessionRow | None:
        """Get what is on."""
        with self.pipeline.database.read() as tx:
            return tx.sessions.running(stream_id)

    def newest(self, stream_id: StreamId) -> SessionRow:
        """Get the last broadcast, over or not."""
        with self.pipeline.database.read() as tx:
            return tx.sessions.of_stream(stream_id, 1)[0]

    def read(self, session_id: SessionId, from_ms: int = 0, *, timeout_s: float = 20.0) -> Any:
        """Open a session's FLV as workers do."""
        token = live_access.token(self.pipeline.secret, session_id)
        asked = urllib.request.Request(
            f"{self.url}/internal/sessions/{session_id}.flv?from_ms={from_ms}",
            headers={"Authorization": f"Bearer {token}"},
        )
        return urllib.request.urlopen(asked, timeout=timeout_s)


@contextmanager
def live_house(folder: Path, **settings: Any) -> Iterator[LiveHouse]:
    """Run one on free ports."""
    given = {"rtmp_port": 0, "anonymous_role": "admin", **settings}
    folder.mkdir(exist_ok=True)
    pipeline = build(Settings(data_dir=folder, _env_file=None, **given))
    door = Door(pipeline)
    server = serve_embedded(application(pipeline, door=door), "127.0.0.1", 0)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        door.start(server.url)
        yield LiveHouse(pipeline, door, server.url)
    finally:
        door.stop()
        server.shutdown()
        server.server_close()
        thread.join()
        pipeline.close()


def film(path: Path, *, seconds: float = 4, fps: int = 25, gop: int = 25) -> Path:
    """Make something to publish."""
    command = [
        FFMPEG, "-v", "error", "-y",
        "-f", "lavfi", "-i", f"testsrc2=s=160x90:r={fps}:d={seconds}",
        "-f", "lavfi", "-i", f"sine=d={seconds}",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", str(gop), "-bf", "2",
        "-c:a", "aac", "-f", "flv", str(path),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return path


def publisher(path: Path, url: str, *, is_paced: bool = False) -> subprocess.Popen[bytes]:
    """Publish a file as it is."""
    pace = ["-re"] if is_paced else []
    command = [FFMPEG, "-v", "error", *pace, "-i", str(path), "-c", "copy", "-f", "flv", url]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def tags_of(data: bytes) -> list[Tag]:
    """Read a whole FLV."""
    return TagReader().receive_data(data)
