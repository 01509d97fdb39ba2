"""A broadcast as its live task leaves it: segments of every rung on the broadcast's clock.

The source is passed on as the top rung and encoded once more below it, at the source's own times
and keyframes, as a live task does it; only the waiting is left out.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

from pipeline.bootstrap import Pipeline
from pipeline.core.codecs import codecs
from pipeline.core.flv.tags import Tag
from pipeline.core.fmp4 import read_init, read_samples
from pipeline.core.measures import MEDIA_ZERO_S
from pipeline.database.streams import SessionRow
from pipeline.services import claims, planning, tasks
from pipeline.services.claims import Claimed, Offer
from schemas.live import LiveResult
from schemas.plan import AudioPlan, Grid, MediaPlan, RungPlan
from schemas.tasks import RenditionMade, SegmentMade
from schemas.vocabulary import AudioCodec, JobId, QueueName, VideoCodec, WorkerId
from tests.support.spooled import FFMPEG, pieces

RATE = Fraction(30)
_MAPS = {
    "180p": ("-map", "0:v", "-c:v", "copy"),
    "96p": (
        *("-map", "0:v", "-vf", "scale=170:96", "-c:v", "libx264", "-preset", "ultrafast"),
        *("-force_key_frames", "source", "-g", "9999", "-sc_threshold", "0"),
        *("-fps_mode", "passthrough", "-enc_time_base", "1:1000", "-bf", "0"),
    ),
    "audio": ("-map", "0:a", "-c:a", "copy"),
}


@dataclass(frozen=True)
class Part:
    """An unbroken run of tags."""

    sent: Sequence[Tag]
    #: Segments at its end that were never served.
    n_lost: int = 0


def plan() -> MediaPlan:
    """Plan two rungs of test pictures of 320×180 at 30, and their sound."""
    return MediaPlan(
        grid=Grid(frame_rate=RATE, n_frames=0, segment_frames=60, source_start_s=Fraction(0)),
        rungs=(_rung("180p", 320, 180, 600_000), _rung("96p", 170, 96, 200_000)),
        chunks=(),
        copied_rung="180p",
        audios=(
            AudioPlan(
                name="audio",
                source_index=0,
                codec=AudioCodec.AAC,
                channels=1,
                sample_rate_hz=48_000,
                bitrate_bps=64_000,
            ),
        ),
        segment_s=2,
        preset="ultrafast",
        duration_s=Fraction(0),
        thumbnail_count=2,
        storyboard_interval_s=2,
        estimated_bytes=0,
        estimated_cpu_s=0.0,
        scratch_bytes=0,
    )


def _rung(name: str, width_px: int, height_px: int, bitrate_bps: int) -> RungPlan:
    return RungPlan(
        name=name,
        codec=VideoCodec.H264,
        width_px=width_px,
        height_px=height_px,
        bitrate_bps=bitrate_bps,
        crf=23,
    )


def air(
    pipeline: Pipeline,
    session: SessionRow,
    parts: Sequence[Part],
    folder: Path,
) -> JobId:
    """Serve a broadcast from its beginning to its end, and let its live task succeed."""
    job_id = session.job_id
    assert job_id is not None
    claimed = claims.claim(
        pipeline.database, Offer(WorkerId("by-hand"), QueueName.LIVE, "test", 2**40), lease_s=60
    )
    assert claimed is not None
    assert claimed.job_id == job_id
    with pipeline.database.write() as tx:
        tx.jobs.plan(job_id, plan())
        tx.media.add_renditions(planning.renditions(job_id, plan()))
    n_segments = 0
    for number, part in enumerate(parts):
        made = _Made(pipeline, claimed, folder / f"part-{number}", number, n_segments)
        n_segments = made.serve(part)
    result = LiveResult(n_segments=n_segments, n_parts=len(parts))
    tasks.finish(pipeline.database, claimed.task_id, claimed.epoch, result)
    return job_id


@dataclass(frozen=True)
class _Made:
    """One part in the making."""

    pipeline: Pipeline
    claimed: Claimed
    folder: Path
    number: int
    first_index: int

    def serve(self, part: Part) -> int:
        """Cut, store and publish it; tell how many segments there are in all."""
        self.folder.mkdir(parents=True)
        whole = next(pieces(part.sent, every_ms=10**9))
        (self.folder / "sent.flv").write_bytes(whole.data)
        n = min(self._cut(name) for name in _MAPS) - part.n_lost
        for name in _MAPS:
            self._publish(name, n)
        return self.first_index + n

    def _cut(self, name: str) -> int:
        (self.folder / name).mkdir()
        flags = ("-f", "hls", "-hls_time", "2", "-hls_segment_type", "fmp4", "-hls_list_size", "0")
        where = ("-hls_segment_filename", f"{name}/%05d.m4s", f"{name}/list.m3u8")
        moved = ("-hls_segment_options", "movflags=+frag_discont", "-output_ts_offset", "10")
        opened = (FFMPEG, "-v", "error", "-copyts", "-f", "flv", "-i", "sent.flv")
        command = [*opened, *_MAPS[name], *moved, *flags, *where]
        subprocess.run(command, check=True, cwd=self.folder)
        return len(list((self.folder / name).glob("*.m4s")))

    def _publish(self, name: str, n: int) -> None:
        data = (self.folder / name / "init.mp4").read_bytes()
        init = read_init(data)
        init_key = self._store(f"{name}/init-{self.number}.mp4", data)
        starts = []
        files = [self.folder / name / f"{index:05d}.m4s" for index in range(n)]
        for file in files:
            samples = read_samples(file.read_bytes(), init)
            first = min(each.present_ticks for each in samples)
            end = max(each.present_ticks + each.duration_ticks for each in samples)
            starts.append((Fraction(first, init.timescale), Fraction(end, init.timescale)))
        ends = [*(start for start, _ in starts[1:]), starts[-1][1]]
        segments = [
            SegmentMade(
                rendition=name,
                index=self.first_index + index,
                duration_s=ends[index] - starts[index][0],
                size_bytes=file.stat().st_size,
                key=self._store(f"{name}/{self.number}-{index:05d}.m4s", file.read_bytes()),
                init_key=init_key,
                start_ms=round((starts[index][0] - MEDIA_ZERO_S) * 1000),
                is_discontinuous=index == 0 and self.number > 0,
            )
            for index, file in enumerate(files)
        ]
        made = RenditionMade(
            name=name,
            codecs=codecs(data),
            init_sha256=sha256(data).hexdigest(),
            init_key=init_key,
            init_size_bytes=len(data),
        )
        held = self.claimed
        tasks.publish(self.pipeline.database, held.task_id, held.epoch, [made], segments)

    def _store(self, name: str, data: bytes) -> str:
        key = f"{self.claimed.prefix}{name}"
        self.pipeline.storage.put_bytes(key, data, content_type="video/mp4")
        return key
