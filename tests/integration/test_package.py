"""Packaging segments that real ffmpeg made: the playlists play, and a broken run is refused."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from threading import Event

import pytest

from pipeline.bootstrap import Pipeline, build
from pipeline.core.errors import OutputInvalid, Stopped
from pipeline.core.keys import asset_prefix, media_path
from pipeline.services import playback
from pipeline.settings import Settings
from pipeline.storage.port import ObjectStore
from schemas.tasks import PackageParams, PackageResult, RenditionMade, SegmentMade, SourceRef
from schemas.timeline import Timeline
from schemas.vocabulary import QueueName
from tests.support.clips import Clips
from tests.support.hand_work import Hand
from workers.bench import Bench, Tools
from workers.ffmpeg.tools import find
from workers.steps import package

RATE = Fraction(30000, 1001)
N_FRAMES = 360


class StoreBench(Bench):
    """A bench over a store and a given timeline."""

    tools: Tools

    def __init__(self, scratch: Path, store: ObjectStore, timeline: Timeline) -> None:
        self.scratch = scratch
        self.stop = Event()
        self.types: dict[str, str] = {}
        self.reports: list[dict[str, float]] = []
        self._store = store
        self._timeline = timeline

    def source(self, ref: SourceRef) -> Path:
        raise AssertionError("packaging reads no source")

    def put(self, path: Path, name: str, *, content_type: str) -> str:
        key = f"assets/{self._timeline.asset_id}/package-1/{name}"
        self._store.put_file(key, path, content_type=content_type)
        self.types[name] = content_type
        return key

    def head(self, key: str, size_bytes: int) -> bytes:
        with self._store.open(key, length=size_bytes) as blocks:
            return b"".join(blocks)

    def fetch(self, key: str, path: Path) -> None:
        raise AssertionError("packaging copies nothing")

    def report(self, progress: dict[str, float], *, speed: float | None = None) -> None:
        self.reports.append(progress)

    def publish(self, renditions: Sequence[RenditionMade], segments: Sequence[SegmentMade]) -> None:
        raise AssertionError("packaging publishes no segments")

    def timeline(self) -> Timeline:
        return self._timeline


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    pipeline = build(Settings(data_dir=tmp_path_factory.mktemp("data"), _env_file=None))
    yield pipeline
    pipeline.close()


@pytest.fixture(scope="module")
def made(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    """Everything but the package is done."""
    clips = Clips(tmp_path_factory.mktemp("clips"))
    clip = clips.constant("30000/1001", seconds=12, audio=("-c:a", "aac"))
    hand = Hand(pipeline, tmp_path_factory.mktemp("hand"))
    asset_id, _ = hand.submit(clip.path)
    hand.work(QueueName.PROBE, QueueName.ENCODE_CPU)
    return playback.timeline(pipeline.database, asset_id)


@pytest.fixture
def bench(pipeline: Pipeline, made: Timeline, tmp_path: Path) -> StoreBench:
    return StoreBench(tmp_path, pipeline.storage, made)


@pytest.fixture
def tree(pipeline: Pipeline, bench: StoreBench, tmp_path: Path) -> Path:
    """Lay everything out below one folder, as the media address serves it."""
    result = packaged(bench)
    folder = tmp_path / "media"
    asset_id = bench.timeline().asset_id
    for stored in pipeline.storage.list(asset_prefix(asset_id)):
        path = folder / media_path(asset_id, stored.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        pipeline.storage.fetch(stored.key, path)
    for name, key in result.files.items():
        pipeline.storage.fetch(key, folder / name)
    return folder


def packaged(bench: StoreBench) -> PackageResult:
    return package.run(PackageParams(asset_id=bench.timeline().asset_id), bench)


def test_every_playlist_is_stored_with_its_type(bench: StoreBench) -> None:
    result = packaged(bench)

    assert bench.types == {
        "180p.m3u8": "application/vnd.apple.mpegurl",
        "96p.m3u8": "application/vnd.apple.mpegurl",
        "audio.m3u8": "application/vnd.apple.mpegurl",
        "96p.iframes.m3u8": "application/vnd.apple.mpegurl",
        "master.m3u8": "application/vnd.apple.mpegurl",
        "manifest.mpd": "application/dash+xml",
    }
    assert result.files["master.m3u8"].endswith("/package-1/master.m3u8")
    assert bench.reports[-1] == {"": 1.0}


def test_an_hls_reader_finds_every_frame_at_its_time(tree: Path) -> None:
    packets = _packets(tree / "master.m3u8")

    times_s = sorted(float(packet["pts_time"]) for packet in packets)
    assert len(times_s) == N_FRAMES
    assert max(abs(time_s - 10 - float(n / RATE)) for n, time_s in enumerate(times_s)) < 0.001


def test_a_dash_reader_finds_every_frame(tree: Path) -> None:
    # The ffprobe of the wheels cannot read DASH; its ffmpeg can.
    ffmpeg, _ = find(Settings())
    argv = [ffmpeg, "-v", "error", "-i", str(tree / "manifest.mpd"), "-map", "0:v:0"]
    found = subprocess.run(
        [*argv, "-c", "copy", "-f", "framecrc", "-"], check=True, capture_output=True, timeout=60
    )

    assert found.stderr == b""
    lines = found.stdout.decode().splitlines()
    assert sum(not line.startswith("#") for line in lines) == N_FRAMES


def test_the_byte_ranges_of_the_iframe_playlist_hold_one_decodable_picture_each(tree: Path) -> None:
    lines = (tree / "96p.iframes.m3u8").read_text().splitlines()
    init = next(line for line in lines if line.startswith("#EXT-X-MAP")).split('"')[1]
    pairs = [
        (line.partition(":")[2], lines[n + 1])
        for n, line in enumerate(lines)
        if line.startswith("#EXT-X-BYTERANGE")
    ]

    assert len(pairs) == 6
    for written, address in pairs:
        length, _, offset = written.partition("@")
        data = (tree / address).read_bytes()[int(offset) :][: int(length)]
        alone = tree / "alone.mp4"
        alone.write_bytes((tree / init).read_bytes() + data)
        packets = _packets(alone)
        assert packets[0]["flags"].startswith("K")
        assert int(packets[0]["size"]) < len(data)


def test_a_rung_without_its_last_segment_is_refused(bench: StoreBench, made: Timeline) -> None:
    high, *others = made.renditions
    cut = high.model_copy(update={"segments": high.segments[:-1]})
    bench._timeline = made.model_copy(update={"renditions": (cut, *others)})

    with pytest.raises(OutputInvalid, match="same times"):
        packaged(bench)


def test_a_hole_is_refused(bench: StoreBench, made: Timeline) -> None:
    high, *others = made.renditions
    holed = high.model_copy(update={"segments": (high.segments[0], *high.segments[2:])})
    bench._timeline = made.model_copy(update={"renditions": (holed, *others)})

    with pytest.raises(OutputInvalid, match="hole"):
        packaged(bench)


def test_an_asset_cut_off_is_refused(bench: StoreBench, made: Timeline) -> None:
    longer_s = made.duration_s + Fraction(10)
    bench._timeline = made.model_copy(update={"duration_s": longer_s})

    with pytest.raises(OutputInvalid, match="published"):
        packaged(bench)


def test_an_order_to_stop_is_obeyed(bench: StoreBench) -> None:
    bench.stop.set()

    with pytest.raises(Stopped):
        packaged(bench)


def _packets(path: Path) -> list[dict[str, str]]:
    """Read the picture's packets; of several variants the first."""
    _, ffprobe = find(Settings())
    fields = ["-select_streams", "v:0", "-show_entries", "packet=pts_time,flags,size"]
    extensions = ["-allowed_extensions", "ALL"] if path.suffix == ".m3u8" else []
    argv = [ffprobe, "-v", "error", *extensions, *fields, "-of", "json", str(path)]
    found = subprocess.run(argv, check=True, capture_output=True, timeout=60)
    return json.loads(found.stdout)["packets"]
