"""A clip put through the whole product with a profile, laid out as players find it."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.bootstrap import Pipeline
from pipeline.core.fmp4 import Init, Sample, read_init, read_samples
from pipeline.core.keys import asset_prefix, media_path
from pipeline.services import assets, certificates, jobs, playback
from pipeline.services.playback import StoredFile
from pipeline.settings import Settings
from schemas.certificate import CertificateState, Verdict
from schemas.http import JobView
from schemas.profile import Profile
from schemas.timeline import RenditionTimeline, Timeline
from schemas.vocabulary import AssetId
from tests.support.hand_work import Hand
from tests.support.walking import ANYBODY
from workers.ffmpeg.tools import find

_FFMPEG, _FFPROBE = find(Settings())


@dataclass(frozen=True)
class Whole:
    """A finished asset; ``folder`` holds what its media address serves."""

    asset_id: AssetId
    job: JobView
    timeline: Timeline
    folder: Path

    @property
    def master(self) -> str:
        return (self.folder / "master.m3u8").read_text()

    def rendition(self, name: str) -> RenditionTimeline:
        return next(each for each in self.timeline.renditions if each.name == name)

    def init(self, name: str) -> Init:
        return read_init(self._bytes(self.rendition(name).segments[0].init_key))

    def segments(self, name: str) -> list[bytes]:
        return [self._bytes(segment.key) for segment in self.rendition(name).segments]

    def samples(self, name: str) -> list[tuple[Sample, ...]]:
        """Read the samples of each segment."""
        init = self.init(name)
        return [tuple(read_samples(data, init)) for data in self.segments(name)]

    def join(self, name: str) -> Path:
        """Put a rendition together as a player's buffer does."""
        path = self.folder / f"{name}.joined.mp4"
        init = self._bytes(self.rendition(name).segments[0].init_key)
        path.write_bytes(init + b"".join(self.segments(name)))
        return path

    def stream(self, name: str) -> Any:
        """Read what ffprobe says of a rendition, through its playlist."""
        flags = ["-v", "error", "-of", "json", "-allowed_extensions", "ALL", "-show_streams"]
        found = subprocess.run(
            [_FFPROBE, *flags, str(self.folder / f"{name}.m3u8")], capture_output=True, check=True
        )
        return json.loads(found.stdout)["streams"][0]

    def decode(self, name: str, *flags: str) -> bytes:
        """Decode a rendition to raw bytes; whatever ffmpeg complains of fails the test."""
        command = [_FFMPEG, "-v", "error", "-i", str(self.join(name)), *flags, "-"]
        found = subprocess.run(command, capture_output=True, check=True)
        assert found.stderr == b""
        return found.stdout

    def _bytes(self, key: str) -> bytes:
        return (self.folder / media_path(self.asset_id, key)).read_bytes()


def put_through(pipeline: Pipeline, source: Path, profile: Profile, folder: Path) -> Whole:
    """Probe, plan, encode and package a file."""
    hand = Hand(pipeline, folder / "work")
    asset_id, job_id = hand.submit(source, profile)
    hand.work()
    job = jobs.show(pipeline.database, job_id)
    assert job.state == "succeeded", job.error
    media = folder / "media"
    for stored in pipeline.storage.list(asset_prefix(asset_id)):
        path = media / media_path(asset_id, stored.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        pipeline.storage.fetch(stored.key, path)
    timeline = playback.timeline(pipeline.database, asset_id)
    names = ["master.m3u8", *(f"{each.name}.m3u8" for each in timeline.renditions)]
    for name in names:
        found, _ = playback.file(pipeline.database, asset_id, name, ANYBODY)
        assert isinstance(found, StoredFile)
        pipeline.storage.fetch(found.key, media / name)
    whole = Whole(asset_id, job, timeline, media)
    wrong = flaws(pipeline, asset_id)
    assert not wrong, wrong
    return whole


def flaws(pipeline: Pipeline, asset_id: AssetId) -> list[str]:
    """Say what the certificate finds wrong: nothing, where everything is the source's."""
    with pipeline.database.read() as tx:
        view = certificates.view(tx, assets.need(tx, asset_id))
    assert view.state is not CertificateState.PENDING
    return [
        f"{point.name} of {point.rendition}: {point.flaws[:3]} {point.note}"
        for point in view.points
        if point.verdict is Verdict.FAILED
    ]
