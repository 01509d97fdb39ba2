"""A clip encoded chunk by chunk, and what must hold of the chunks joined: the picture's tests."""

from itertools import pairwise
from pathlib import Path

from pipeline.core import chunks, ladder
from pipeline.core.fmp4 import Sample, read_init, read_samples
from schemas.plan import ChunkPlan, Grid
from schemas.profile import Profile, Rung
from schemas.tasks import EncodeParams, EncodeResult, SourceRef
from schemas.vocabulary import AssetId, VideoCodec
from tests.support.benches import FolderBench
from tests.support.clips import Clip, Clips
from workers.steps import encode

SOURCE = SourceRef(asset_id=AssetId("a1"), key="k", size_bytes=1, sha256="0" * 64)
PROFILE = Profile(
    name="test",
    ladder=(
        Rung(name="180p", height_px=180, bitrate_bps=3_000_000),
        Rung(name="90p", height_px=90, bitrate_bps=1_000_000),
    ),
    preset="ultrafast",
    crf=18,
    segment_s=1,
    chunk_s=4,
    first_chunk_segments=2,
)
#: Size at which pictures are compared.
WIDTH_PX, HEIGHT_PX = 96, 54


class Made:
    """All chunks of a clip, each encoded by a step of its own as on boxes that never met."""

    def __init__(self, clip: Clip, folder: Path, profile: Profile = PROFILE) -> None:
        video = clip.facts.video
        assert video is not None
        self.clip, self.folder = clip, folder
        self.grid = chunks.grid(clip.facts, profile)
        self.chunks = chunks.cut(self.grid, clip.facts, profile)
        self.rungs = ladder.fit(profile.ladder, video, profile.video_codec, profile.crf)
        self.benches = [FolderBench(folder / str(c.index), clip.path) for c in self.chunks]
        self.results = [
            encode.run(self.params(chunk, profile), bench)
            for chunk, bench in zip(self.chunks, self.benches, strict=True)
        ]

    def params(self, chunk: ChunkPlan, profile: Profile) -> EncodeParams:
        return EncodeParams(
            source=SOURCE,
            facts=self.clip.facts,
            grid=self.grid,
            rungs=self.rungs,
            chunk=chunk,
            preset=profile.preset,
            deinterlace=profile.deinterlace,
        )

    def inits(self, rung: str) -> set[bytes]:
        return {(bench.stored / rung / "init.mp4").read_bytes() for bench in self.benches}

    def samples(self, rung: str) -> tuple[Sample, ...]:
        init = read_init(next(iter(self.inits(rung))))
        return tuple(sample for data in self.segments(rung) for sample in read_samples(data, init))

    def segments(self, rung: str) -> list[bytes]:
        return [
            (bench.stored / segment.key).read_bytes()
            for bench, result in zip(self.benches, self.results, strict=True)
            for segment in result.segments
            if segment.rendition == rung
        ]

    def join(self, rung: str) -> Path:
        """Put the rendition together as a player's buffer does: init, then all segments."""
        path = self.folder / f"{rung}.mp4"
        path.write_bytes(next(iter(self.inits(rung))) + b"".join(self.segments(rung)))
        return path


def whole(clip: Clip) -> EncodeParams:
    assert clip.facts.video is not None
    grid = chunks.grid(clip.facts, PROFILE)
    return EncodeParams(
        source=SOURCE,
        facts=clip.facts,
        grid=grid,
        rungs=ladder.fit(PROFILE.ladder, clip.facts.video, VideoCodec.H264, 23),
        chunk=ChunkPlan(index=0, first_frame=0, end_frame=grid.n_frames),
        preset="ultrafast",
    )


def assert_one_piece(made: Made, rung: str) -> None:
    grid, samples = made.grid, made.samples(rung)
    assert len(made.inits(rung)) == 1
    assert len({result_of(each, rung) for each in made.results}) == 1
    assert len(samples) == grid.n_frames
    timescale = read_init(next(iter(made.inits(rung)))).timescale
    shown = sorted(sample.present_ticks for sample in samples)
    wanted = [round((10 + n / grid.frame_rate) * timescale) for n in range(grid.n_frames)]
    assert max(abs(a - b) for a, b in zip(shown, wanted, strict=True)) <= 1
    assert all(a.decode_ticks < b.decode_ticks for a, b in pairwise(samples))
    keys = [number for number, sample in enumerate(samples) if sample.is_sync]
    assert keys == list(range(0, grid.n_frames, grid.segment_frames))
    lengths = [s.duration_s for each in made.results for s in each.segments if s.rendition == rung]
    assert sum(lengths) == grid.n_frames / grid.frame_rate


def result_of(result: EncodeResult, rung: str) -> str:
    return next(each.init_sha256 for each in result.renditions if each.name == rung)


def assert_same_pictures(made: Made, clips: Clips) -> None:
    """Each output frame is nearer to the source frame of its time than to the ones beside it."""
    frames = pictures(made.clip.path, clips)
    outputs = pictures(made.join("180p"), clips)
    assert len(frames) == len(made.clip.frames_s)
    assert len(outputs) == made.grid.n_frames
    shown = shown_frames(made.clip, made.grid)
    for n, (output, source) in enumerate(zip(outputs, shown, strict=True)):
        here = distance(output, frames[source])
        assert here < 40, f"frame {n} is not source frame {source}"
        for other in (source - 1, source + 1):
            if 0 <= other < len(frames):
                assert here < distance(output, frames[other]), f"frame {n} is {other}, not {source}"


def shown_frames(clip: Clip, grid: Grid) -> list[int]:
    """Say for each grid point which source frame is shown: the last whose nearest point it is."""
    points = [
        round(float((at - grid.source_start_s) * grid.frame_rate) + 1e-6) for at in clip.frames_s
    ]
    return [
        max((number for number, point in enumerate(points) if point <= n), default=0)
        for n in range(grid.n_frames)
    ]


def pictures(path: Path, clips: Clips, before: str = "") -> list[bytes]:
    """Decode to small grey pictures, one per frame of the file."""
    scaled = f"{before}scale={WIDTH_PX}:{HEIGHT_PX}:flags=area,format=gray"
    flags = ["-i", str(path), "-map", "0:v", "-vf", scaled, "-fps_mode", "passthrough"]
    data = clips.run([*flags, "-f", "rawvideo", "-"])
    size = WIDTH_PX * HEIGHT_PX
    return [data[at : at + size] for at in range(0, len(data), size)]


def distance(one: bytes, other: bytes) -> float:
    """Mean squared error; 40 is a PSNR of 32 dB."""
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) / len(one)
