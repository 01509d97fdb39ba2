"""What players get over HTTP: ranges, tags, caching, and nothing else than was published."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import problems
from api.media import media_blueprint
from pipeline.bootstrap import Pipeline, build
from pipeline.core import profiles
from pipeline.services import assets, fleet, jobs, playback, tasks
from pipeline.services.tasks import Claimed, Offer
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
from schemas.workers import Capabilities

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
        return f"/media/{self.asset_id}"

    def finish_one(self, queue: QueueName) -> Claimed:
        claimed = tasks.claim(
            self.pipeline.database, Offer(WorkerId("w"), queue, "b", 2**40), lease_s=60
        )
        assert claimed is not None
        tasks.finish(self.pipeline.database, claimed.task_id, claimed.epoch, self._result(claimed))
        return claimed

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
        segment = playback.timeline(self.pipeline.database, self.asset_id).renditions[0].segments[0]
        return f"/media/{segment.key.removeprefix('assets/')}"


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
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
    profile = profiles.profile("default").model_copy(update={"chunk_s": 4})
    jobs.submit(
        pipeline.database, JobRequest(asset_id=asset.id), profile, max_attempts=1, max_lost=1
    )
    stage = Stage(pipeline, asset.id, app.test_client())
    stage.finish_one(QueueName.PROBE)
    yield stage
    pipeline.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An asset of a test's own, of which nothing is encoded yet."""
    with staged(tmp_path) as stage:
        yield stage


@pytest.fixture(scope="module")
def playable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One asset for all tests that only read, with its first chunk published."""
    with staged(tmp_path_factory.mktemp("playable")) as stage:
        stage.finish_one(QueueName.ENCODE_CPU)
        yield stage


def test_before_the_first_chunk_there_is_nothing_and_that_is_not_remembered(stage: Stage) -> None:
    for name in ("master.m3u8", "180p.m3u8", "manifest.mpd", "t-1/180p/00000.m4s"):
        answer = stage.client.get(f"{stage.media}/{name}")

        assert answer.status_code == 404
        assert answer.content_type == "application/problem+json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_growing_playlist_is_asked_for_again_and_grows(stage: Stage) -> None:
    stage.finish_one(QueueName.ENCODE_CPU)
    first = stage.client.get(f"{stage.media}/180p.m3u8")
    same = stage.client.get(
        f"{stage.media}/180p.m3u8", headers={"If-None-Match": first.headers["ETag"]}
    )
    stage.finish_one(QueueName.ENCODE_CPU)
    grown = stage.client.get(
        f"{stage.media}/180p.m3u8", headers={"If-None-Match": first.headers["ETag"]}
    )

    assert first.content_type == "application/vnd.apple.mpegurl"
    assert first.headers["Cache-Control"] == "public, max-age=1"
    assert same.status_code == 304
    assert same.data == b""
    assert grown.status_code == 200
    assert grown.text.startswith(first.text)
    assert grown.text.count("#EXTINF") > first.text.count("#EXTINF")


def test_every_address_in_the_playlists_can_be_fetched(playable: Stage) -> None:
    master = playable.client.get(f"{playable.media}/master.m3u8").text
    (name,) = re.findall(r"^[^#].*$", master, re.MULTILINE)
    text = playable.client.get(f"{playable.media}/{name}").text
    addresses = re.findall(r'^[^#].*$|URI="([^"]+)"', text, re.MULTILINE)

    for address in filter(None, [*addresses, *re.findall(r"^[^#].*$", text, re.MULTILINE)]):
        assert playable.client.get(f"{playable.media}/{address}").status_code == 200


def test_a_segment_is_kept_for_ever(playable: Stage) -> None:
    answer = playable.client.get(playable.first_segment())
    again = playable.client.get(
        playable.first_segment(), headers={"If-None-Match": f"W/{answer.headers['ETag']}"}
    )

    assert answer.data == BODY
    assert answer.content_type == "video/iso.segment"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, len(BODY)),
        ("bytes=300000-", 300_000, len(BODY)),
        ("bytes=10-300000", 10, 300_001),
        ("bytes=511990-999999999", 511_990, len(BODY)),
        ("bytes=-5", len(BODY) - 5, len(BODY)),
        ("bytes=-999999999", 0, len(BODY)),
        ("BYTES=1-2", 1, 3),
    ],
)
def test_a_range_is_answered_exactly(playable: Stage, asked: str, first: int, end: int) -> None:
    answer = playable.client.get(playable.first_segment(), headers={"Range": asked})

    assert answer.status_code == 206
    assert answer.data == BODY[first:end]
    assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{len(BODY)}"
    assert answer.headers["Content-Length"] == str(end - first)


@pytest.mark.parametrize("asked", ["bytes=512000-", "bytes=999999999-999999999", "bytes=-0"])
def test_a_range_outside_is_refused(playable: Stage, asked: str) -> None:
    answer = playable.client.get(playable.first_segment(), headers={"Range": asked})

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(BODY)}"
    assert answer.data == b""


@pytest.mark.parametrize(
    "asked",
    ["bytes=5-2", "bytes=0-1,4-5", "bytes=-", "bytes=x-y", "lines=0-1", f"bytes={'9' * 5000}-", ""],
)
def test_what_is_no_single_range_gets_everything(playable: Stage, asked: str) -> None:
    answer = playable.client.get(playable.first_segment(), headers={"Range": asked})

    assert answer.status_code == 200
    assert len(answer.data) == len(BODY)


def test_a_download_is_resumed_only_of_the_same_object(playable: Stage) -> None:
    address = playable.first_segment()
    etag = playable.client.get(address).headers["ETag"]
    tags = (etag, '"other"', f"W/{etag}", "Wed, 01 Jan 2031 00:00:00 GMT")
    codes = [
        playable.client.get(address, headers={"Range": "bytes=5-", "If-Range": tag}).status_code
        for tag in tags
    ]

    assert codes == [206, 200, 200, 200]


def test_head_tells_all_and_sends_nothing(playable: Stage) -> None:
    answer = playable.client.head(playable.first_segment(), headers={"Range": "bytes=0-4"})

    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(len(BODY))
    assert answer.data == b""


def test_a_player_elsewhere_may_ask_for_ranges(playable: Stage) -> None:
    answer = playable.client.options(
        playable.first_segment(),
        headers={"Origin": "https://player.example", "Access-Control-Request-Method": "GET"},
    )

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Range" in answer.headers["Access-Control-Allow-Headers"]


def test_a_client_that_goes_away_closes_the_stream(playable: Stage) -> None:
    answer = playable.client.get(playable.first_segment(), buffered=False)
    blocks = answer.iter_encoded()
    next(blocks)

    # An open file would be a ResourceWarning, which fails the test.
    answer.close()


@pytest.mark.parametrize(
    "path",
    [
        "source",
        "../source",
        "..%2Fsource",
        "%2e%2e/x/source",
        "x/../../source",
        "t-1/",
        "\x00/a",
        "a//b",
    ],
)
def test_nothing_unpublished_is_served(playable: Stage, path: str) -> None:
    assert playable.client.get(f"{playable.media}/{path}").status_code in {308, 404}
    assert playable.client.get(f"/media/other/{path}").status_code in {308, 404}


def test_the_final_playlist_is_the_stored_one(stage: Stage) -> None:
    for queue in (QueueName.ENCODE_CPU, QueueName.THUMBNAILS):
        while tasks_left(stage, queue):
            stage.finish_one(queue)
    stage.finish_one(QueueName.PACKAGE)
    answer = stage.client.get(f"{stage.media}/master.m3u8")

    assert answer.text == "#EXTM3U\n"
    assert answer.content_type == "application/vnd.apple.mpegurl"
    assert answer.headers["Cache-Control"] == "public, max-age=60"


def tasks_left(stage: Stage, queue: QueueName) -> int:
    return sum(view.ready for view in fleet.queues(stage.pipeline.database) if view.name == queue)
