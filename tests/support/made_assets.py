"""A small asset encoded for real, chunk by chunk, into an object store: what players will fetch.

Uses the product's own command lines, so that what plays here is what workers make; only the
queue around them is missing.
"""

import hashlib
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pipeline.core import chunks
from pipeline.core.argv.audio import audio_argv
from pipeline.core.argv.encode import INIT_NAME, chunk_argv
from pipeline.core.codecs import codecs
from pipeline.core.fmp4 import read_init, read_samples
from pipeline.core.keys import attempt_prefix, source_key
from pipeline.settings import Settings
from pipeline.storage.port import ObjectStore
from schemas.media import AudioFacts, MediaFacts, VideoFacts
from schemas.plan import AudioPlan, ChunkPlan, Grid, RungPlan
from schemas.profile import Profile, Rung
from schemas.tasks import EncodeAudioParams, EncodeParams, SourceRef
from schemas.timeline import RenditionTimeline, Timeline, TimelineSegment
from schemas.vocabulary import AssetId, AudioCodec, JobId, TaskId, VideoCodec
from workers.ffmpeg.tools import find

RATE = Fraction(30000, 1001)
SEGMENT_S = 2
RUNGS = (
    RungPlan(
        name="180p",
        codec=VideoCodec.H264,
        width_px=320,
        height_px=180,
        bitrate_bps=400_000,
        crf=23,
    ),
    RungPlan(
        name="96p", codec=VideoCodec.H264, width_px=170, height_px=96, bitrate_bps=150_000, crf=23
    ),
)
SOUND = AudioPlan(
    name="audio", codec=AudioCodec.AAC, channels=2, sample_rate_hz=48_000, bitrate_bps=64_000
)


@dataclass(frozen=True)
class MadeAsset:
    """What was made, and how the pipeline sees it."""

    timeline: Timeline
    facts: MediaFacts


class Studio:
    """Makes assets of a test picture and a tone; ``folder`` is its own."""

    def __init__(self, folder: Path, store: ObjectStore, settings: Settings) -> None:
        self._folder = folder
        self._store = store
        self._ffmpeg, _ = find(settings)

    def make(self, asset_id: AssetId, job_id: JobId, *, n_frames: int = 360) -> MadeAsset:
        """Encode an asset of three chunks or so and put its segments into the store."""
        source = self._source(n_frames)
        facts = _facts(source, n_frames)
        self._store.put_file(source_key(asset_id), source, content_type="video/mp4")
        profile = Profile(
            name="test",
            ladder=(Rung(name="180p", height_px=180, bitrate_bps=400_000),),
            segment_s=SEGMENT_S,
            chunk_s=4,
            first_chunk_segments=1,
        )
        grid = chunks.grid(facts, profile)
        ref = SourceRef(asset_id=asset_id, key="", size_bytes=0, sha256="")
        made: dict[str, list[TimelineSegment]] = {}
        for chunk in chunks.cut(grid, facts, profile):
            params = EncodeParams(
                source=ref, facts=facts, grid=grid, rungs=RUNGS, chunk=chunk, preset="ultrafast"
            )
            for name, segments in self._chunk(params, source).items():
                made.setdefault(name, []).extend(segments)
        sound = self._sound(
            EncodeAudioParams(source=ref, facts=facts, audio=SOUND, segment_s=SEGMENT_S), source
        )
        renditions = [self._rung(rung, made[rung.name]) for rung in RUNGS]
        timeline = Timeline(
            asset_id=asset_id,
            job_id=job_id,
            duration_s=facts.duration_s,
            segment_s=SEGMENT_S,
            is_ended=False,
            renditions=(*renditions, self._heard(sound)),
        )
        return MadeAsset(timeline, facts)

    def _source(self, n_frames: int) -> Path:
        path = self._folder / "source.mp4"
        picture = f"testsrc2=s=320x180:r={RATE}:d={float(n_frames / RATE)}"
        sound = f"sine=f=440:r=48000:d={float(n_frames / RATE)}"
        argv = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
        argv += ["-frames:v", str(n_frames), "-c:v", "libx264", "-preset", "ultrafast"]
        self._run([*argv, "-g", "60", "-c:a", "aac", str(path)], self._folder)
        return path

    def _chunk(self, params: EncodeParams, source: Path) -> dict[str, list[TimelineSegment]]:
        task_id = TaskId(f"t{params.chunk.index}")
        folder = self._folder / task_id
        for rung in params.rungs:
            (folder / rung.name).mkdir(parents=True)
        self._run(chunk_argv(params, source=str(source), encoder="libx264", threads=1), folder)
        prefix = attempt_prefix(params.source.asset_id, task_id, 1)
        lengths = _lengths(params.grid, params.chunk)
        first = params.chunk.first_frame // params.grid.segment_frames
        return {
            rung.name: self._store_run(folder / rung.name, prefix, first, lengths)
            for rung in params.rungs
        }

    def _sound(self, params: EncodeAudioParams, source: Path) -> list[TimelineSegment]:
        folder = self._folder / "sound"
        (folder / params.audio.name).mkdir(parents=True)
        self._run(audio_argv(params, source=str(source)), folder)
        run = folder / params.audio.name
        init = read_init((run / INIT_NAME).read_bytes())
        lengths = [
            sum(
                (
                    Fraction(sample.duration_ticks, init.timescale)
                    for sample in read_samples(path.read_bytes(), init)
                ),
                Fraction(0),
            )
            for path in sorted(run.glob("*.m4s"))
        ]
        prefix = attempt_prefix(params.source.asset_id, TaskId("sound"), 1)
        return self._store_run(run, prefix, 0, lengths)

    def _store_run(
        self, run: Path, prefix: str, first: int, lengths: list[Fraction]
    ) -> list[TimelineSegment]:
        init = run / INIT_NAME
        init_key = f"{prefix}{run.name}/{INIT_NAME}"
        self._store.put_file(init_key, init, content_type="video/mp4")
        segments = []
        for index, length_s in enumerate(lengths, first):
            path = run / f"{index:05d}.m4s"
            key = f"{prefix}{run.name}/{path.name}"
            self._store.put_file(key, path, content_type="video/iso.segment")
            segments.append(
                TimelineSegment(
                    index=index,
                    duration_s=length_s,
                    size_bytes=path.stat().st_size,
                    key=key,
                    init_key=init_key,
                    init_sha256=hashlib.sha256(init.read_bytes()).hexdigest(),
                )
            )
        return segments

    def _rung(self, rung: RungPlan, segments: list[TimelineSegment]) -> RenditionTimeline:
        return RenditionTimeline(
            name=rung.name,
            medium="video",
            codecs=self._codecs(segments),
            bitrate_bps=rung.bitrate_bps,
            width_px=rung.width_px,
            height_px=rung.height_px,
            frame_rate=RATE,
            segments=tuple(segments),
        )

    def _heard(self, segments: list[TimelineSegment]) -> RenditionTimeline:
        medium: Literal["audio"] = "audio"
        return RenditionTimeline(
            name=SOUND.name,
            medium=medium,
            codecs=self._codecs(segments),
            bitrate_bps=SOUND.bitrate_bps,
            channels=SOUND.channels,
            sample_rate_hz=SOUND.sample_rate_hz,
            language="eng",
            segments=tuple(segments),
        )

    def _codecs(self, segments: list[TimelineSegment]) -> str:
        with self._store.open(segments[0].init_key) as blocks:
            return codecs(b"".join(blocks))

    def _run(self, argv: list[str], folder: Path) -> None:
        command = [self._ffmpeg, "-y", "-nostdin", "-v", "error", *argv]
        subprocess.run(command, cwd=folder, check=True, timeout=120)


def _lengths(grid: Grid, chunk: ChunkPlan) -> list[Fraction]:
    starts = range(chunk.first_frame, chunk.end_frame, grid.segment_frames)
    step = grid.segment_frames
    return [(min(start + step, chunk.end_frame) - start) / grid.frame_rate for start in starts]


def _facts(source: Path, n_frames: int) -> MediaFacts:
    length_s = n_frames / RATE
    video = VideoFacts(
        index=0,
        codec="h264",
        width_px=320,
        height_px=180,
        display_width_px=320,
        display_height_px=180,
        pixel_format="yuv420p",
        frame_rate=RATE,
        start_s=Fraction(0),
        duration_s=length_s,
        n_frames=n_frames,
        keyframes_s=tuple(float(k / RATE) for k in range(0, n_frames, 60)),
    )
    audio = AudioFacts(
        index=1,
        codec="aac",
        channels=1,
        sample_rate_hz=48_000,
        start_s=Fraction(0),
        duration_s=length_s,
        language="eng",
    )
    return MediaFacts(
        container="mov",
        size_bytes=source.stat().st_size,
        duration_s=length_s,
        start_s=Fraction(0),
        video=video,
        audio=audio,
    )
