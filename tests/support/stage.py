"""An asset whose tasks are ended with made-up bytes: published like a real one, without ffmpeg."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from api import problems
from api.media import media_blueprint
from pipeline.bootstrap import Pipeline, build
from pipeline.profiles import built_in
from pipeline.services import assets, claims, fleet, jobs, playback, tasks
from pipeline.services.claims import Claimed, Offer
from pipeline.settings import Settings
from schemas.http import JobRequest
from schemas.media import MediaFacts, VideoFacts
from schemas.tasks import (
    EncodeParams,
    EncodeResult,
    PackageResult,
    ProbeResult,
    RenditionMade,
    SegmentMade,
    TaskResult,
    ThumbnailsResult,
)
from schemas.vocabulary import AssetId, QueueName, TaskKind, WorkerId
from schemas.workers import Capabilities, QueueView

BODY = bytes(range(256)) * 2000
FACTS = MediaFacts(
    container="mov",
    size_bytes=5,
    duration_s=Fraction(20),
    start_s=Fraction(0),
    video=VideoFacts(
        index=0,
        codec="h264",
        width_px=320,
        height_px=180,
        display_width_px=320,
        display_height_px=180,
        pixel_format="yuv420p",
        frame_rate=Fraction(25),
        start_s=Fraction(0),
        duration_s=Fraction(20),
    ),
)


@dataclass
class Stage:
    """An asset of one rung, worked on step by step."""

    pipeline: Pipeline
    asset_id: AssetId
    client: FlaskClient

    @property
    def media(self) -> str:
        """Address all its media lies below."""
        return f"/media/{self.asset_id}"

    def finish_one(self, queue: QueueName) -> None:
        """End the best task of a queue."""
        claimed = claims.claim(
            self.pipeline.database, Offer(WorkerId("w"), queue, "b", 2**40), lease_s=60
        )
        assert claimed is not None
        tasks.finish(self.pipeline.database, claimed.task_id, claimed.epoch, self._result(claimed))

    def finish_all(self, queue: QueueName) -> None:
        """End every task that waits in a queue."""
        while any(view.ready for view in self._queues() if view.name == queue):
            self.finish_one(queue)

    def _queues(self) -> tuple[QueueView, ...]:
        return fleet.queues(self.pipeline.database)

    def _result(self, claimed: Claimed) -> TaskResult:
        match claimed.params.kind:
            case TaskKind.PROBE:
                return ProbeResult(facts=FACTS)
            case TaskKind.THUMBNAILS:
                return ThumbnailsResult(posters=())
            case TaskKind.PACKAGE:
                key = self._put(claimed, "master.m3u8", b"#EXTM3U\n")
                return PackageResult(files={"master.m3u8": key})
        assert isinstance(claimed.params, EncodeParams)
        return self._encoded(claimed, claimed.params)

    def _encoded(self, claimed: Claimed, params: EncodeParams) -> EncodeResult:
        step = params.grid.segment_frames
        first, end = params.chunk.first_frame, params.chunk.end_frame
        name = params.rungs[0].name
        init_key = self._put(claimed, f"{name}/init.mp4", b"init")
        made = RenditionMade(
            name=name,
            codecs="avc1.64000d",
            init_sha256="a" * 64,
            init_key=init_key,
            init_size_bytes=4,
        )
        segments = tuple(
            SegmentMade(
                rendition=name,
                index=frame // step,
                duration_s=(min(frame + step, end) - frame) / params.grid.frame_rate,
                size_bytes=len(BODY),
                key=self._put(claimed, f"{name}/{frame // step:05d}.m4s", BODY),
                init_key=init_key,
            )
            for frame in range(first, end, step)
        )
        return EncodeResult(renditions=(made,), segments=segments, encoder_build="b", encode_s=1)

    def _put(self, claimed: Claimed, name: str, data: bytes) -> str:
        key = f"{claimed.prefix}{name}"
        self.pipeline.storage.put_bytes(key, data, content_type="x/y")
        return key

    def first_segment(self) -> str:
        """Address of the first segment."""
        segment = playback.timeline(self.pipeline.database, self.asset_id).renditions[0].segments[0]
        return f"/media/{segment.key.removeprefix('assets/')}"


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Submit an asset and probe it; its media is served to ``client``."""
    pipeline = build(Settings(data_dir=folder, _env_file=None))
    app = Flask(__name__)
    problems.register(app)
    app.register_blueprint(media_blueprint(pipeline))
    capabilities = Capabilities(
        ffmpeg_version="9", encoder_build="b", encoders=(), n_cores=1, scratch_free_bytes=2**40
    )
    fleet.register(pipeline.database, WorkerId("w"), "h", tuple(QueueName), 1, capabilities)
    asset = assets.create(
        pipeline.database, pipeline.storage, filename="f.mp4", blocks=[b"movie"], limit_bytes=99
    )
    profile = built_in().get("default").model_copy(update={"chunk_s": 4})
    jobs.submit(
        pipeline.database, JobRequest(asset_id=asset.id), profile, max_attempts=1, max_lost=1
    )
    stage = Stage(pipeline, asset.id, app.test_client())
    stage.finish_one(QueueName.PROBE)
    yield stage
    pipeline.close()
