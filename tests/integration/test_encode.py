"""Chunks encoded one by one are one picture: counts, times and the pictures themselves."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.core import chunks, ladder
from pipeline.core.argv.picture import is_hdr
from pipeline.core.errors import EncoderUnavailable, MediaDamaged, Stopped
from pipeline.core.fmp4 import Sample, read_init, read_samples
from schemas.media import MediaFacts
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


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


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


KINDS = {
    "30000/1001 with B-frames": {"rate": "30000/1001"},
    "24000/1001 in Matroska": {"rate": "24000/1001", "suffix": "mkv"},
    "25 with a sound track": {"rate": "25", "audio": ("-c:a", "aac")},
    "30 whose first frame is at 6.4 s": {
        "rate": "30",
        "suffix": "mkv",
        "output": ("-output_ts_offset", "6.4"),
    },
    "60": {"rate": "60"},
    "30 in open groups": {
        "rate": "30",
        "video": (
            *("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "41"),
            *("-x264-params", "open-gop=1"),
        ),
    },
    "HEVC": {
        "rate": "30",
        "video": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
    },
    "VP9 in WebM": {
        "rate": "25",
        "suffix": "webm",
        "video": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "60"),
        "audio": ("-c:a", "libopus"),
    },
    "MPEG-TS, which is encoded whole": {"rate": "30000/1001", "suffix": "ts"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_join_to_exactly_the_source(kind: str, clips: Clips, tmp_path: Path) -> None:
    clip = clips.constant(**KINDS[kind])  # type: ignore[arg-type]

    made = Made(clip, tmp_path)

    assert len(made.chunks) >= 3 or not clip.facts.is_seekable
    for rung in made.rungs:
        assert_one_piece(made, rung.name)
    assert_same_pictures(made, clips)


def test_a_variable_rate_shows_at_each_grid_point_the_frame_shown_then(
    clips: Clips, tmp_path: Path
) -> None:
    clip = clips.make(
        "mp4",
        [
            *("-f", "lavfi", "-i", "testsrc2=s=320x180:r=30", "-t", "10"),
            *("-vf", "select='gt(random(1),0.45)'", "-fps_mode", "vfr"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "37"),
        ],
    )
    assert clip.facts.video is not None
    assert clip.facts.video.is_variable_rate

    made = Made(clip, tmp_path)

    assert_one_piece(made, "180p")
    assert_same_pictures(made, clips)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_keyframes_just_beside_a_chunk_border_lose_no_frame(
    suffix: str, clips: Clips, tmp_path: Path
) -> None:
    # Chunks of one segment start at 30, 60 …; keyframes lie from 5 frames before to 6 after.
    keys = [30 * number + number - 6 for number in range(1, 13)]
    times = ",".join(f"{(key - 0.25) / 30:.6f}" for key in keys)
    x264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-g", "1000")
    forced = ("-b_strategy", "0", "-sc_threshold", "0", "-force_key_frames", times)
    clip = clips.constant("30", seconds=13, suffix=suffix, video=(*x264, *forced))
    assert clip.facts.video is not None
    assert [round(at * 30) for at in clip.facts.video.keyframes_s] == [0, *keys]

    made = Made(clip, tmp_path, PROFILE.model_copy(update={"chunk_s": 1}))

    assert len(made.chunks) == 12
    assert_one_piece(made, "90p")
    assert_same_pictures(made, clips)


def test_a_picture_that_starts_half_a_frame_after_the_sound_keeps_its_rhythm(
    clips: Clips, tmp_path: Path
) -> None:
    # Matroska counts milliseconds: rounding half frames would drop some and double others.
    silent = clips.constant("25", seconds=6, suffix="mkv")
    path = tmp_path / "late.mkv"
    tone = ["-f", "lavfi", "-i", "sine=r=48000:d=6", "-c:a", "flac"]
    clips.run(["-itsoffset", "0.020", "-i", str(silent.path), *tone, "-c:v", "copy", str(path)])
    clip = clips.read(path)
    assert clip.facts.start_s == 0
    assert clip.facts.video is not None
    assert clip.facts.video.start_s == Fraction("0.02")

    made = Made(clip, tmp_path)

    assert_one_piece(made, "180p")
    assert_same_pictures(made, clips)


def test_a_change_of_size_in_mid_stream_does_not_restart_the_grid(
    clips: Clips, tmp_path: Path
) -> None:
    path = tmp_path / "joined.ts"
    with path.open("wb") as joined:
        for start_s, size in ((0, "320:180"), (3, "640:360")):
            moved = f"trim=start={start_s},setpts=PTS-STARTPTS"
            picture = f"testsrc2=s=320x180:r=25,{moved},scale={size}"
            # Packets of a transport stream may simply be put behind each other.
            output = ["-output_ts_offset", str(start_s), "-f", "mpegts", "-"]
            encoder = ["-c:v", "libx264", "-preset", "ultrafast"]
            joined.write(clips.run(["-f", "lavfi", "-i", picture, "-t", "3", *encoder, *output]))
    steady = clips.constant("25", seconds=6)
    facts = clips.read(path).facts

    made = Made(replace(steady, path=path, facts=facts), tmp_path / "made")

    assert_one_piece(made, "180p")
    grey = pictures(made.join("180p"), clips)
    wanted = pictures(steady.path, clips)
    assert len(grey) == len(wanted) == 150
    assert max(distance(a, b) for a, b in zip(grey, wanted, strict=True)) < 40


def test_a_turned_picture_comes_out_upright(clips: Clips, tmp_path: Path) -> None:
    plain = clips.constant("30", seconds=3)
    path = tmp_path / "turned.mp4"
    clips.run(["-display_rotation", "90", "-i", str(plain.path), "-c", "copy", str(path)])

    made = Made(clips.read(path), tmp_path)

    assert [(rung.width_px, rung.height_px) for rung in made.rungs] == [(180, 320), (90, 160)]
    turned = pictures(made.join("180p"), clips, "transpose=clock,")
    upright = pictures(plain.path, clips)
    assert max(distance(a, b) for a, b in zip(turned, upright, strict=True)) < 40


def test_hdr_is_brought_down_and_tagged_so(clips: Clips, tmp_path: Path) -> None:
    tags = ("-vf", "setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc")
    x265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")
    clip = clips.constant("25", seconds=2, video=(*x265, "-pix_fmt", "yuv420p10le", *tags))

    made = Made(clip, tmp_path)

    assert clip.facts.video is not None
    assert is_hdr(clip.facts.video)
    assert_one_piece(made, "90p")
    (stream,) = clips.probe(made.join("90p"), "-show_streams")["streams"]
    named = [stream[f"color_{name}"] for name in ("space", "transfer", "primaries", "range")]
    assert named == ["bt709", "bt709", "bt709", "tv"]
    assert stream["pix_fmt"] == "yuv420p"


def test_full_range_rgb_comes_out_limited_and_tagged(clips: Clips, tmp_path: Path) -> None:
    rgb = ("-c:v", "libx264rgb", "-preset", "ultrafast", "-qp", "0")
    clip = clips.constant("25", seconds=2, suffix="mkv", video=rgb)

    made = Made(clip, tmp_path)

    (stream,) = clips.probe(made.join("180p"), "-show_streams")["streams"]
    assert (stream["pix_fmt"], stream["color_range"], stream["color_space"]) == (
        "yuv420p",
        "tv",
        "bt709",
    )
    assert_same_pictures(made, clips)


def test_interlaced_pictures_keep_their_rate(clips: Clips, tmp_path: Path) -> None:
    fields = ("-vf", "tinterlace=interleave_top", "-flags", "+ilme+ildct", "-r", "25")
    clip = clips.constant("50", seconds=8, video=("-c:v", "mpeg2video", "-q:v", "3", *fields))
    assert clip.facts.video is not None
    assert clip.facts.video.is_interlaced

    made = Made(clip, tmp_path)

    assert made.grid.frame_rate == 25
    assert_one_piece(made, "180p")


def test_a_rate_too_high_is_halved(clips: Clips, tmp_path: Path) -> None:
    clip = clips.constant("120", seconds=3)

    made = Made(clip, tmp_path)

    assert made.grid.frame_rate == 60
    assert_one_piece(made, "90p")


def test_a_few_frames_missing_at_the_end_are_made_up_by_the_last(
    clips: Clips, tmp_path: Path
) -> None:
    clip = clips.constant("30", seconds=4)

    made = Made(longer(clip, Fraction(9, 10)), tmp_path)

    assert made.grid.n_frames == 147
    assert_one_piece(made, "180p")


def test_more_than_a_second_missing_is_a_truncated_source(clips: Clips, tmp_path: Path) -> None:
    clip = clips.constant("30", seconds=4)

    with pytest.raises(MediaDamaged) as caught:
        Made(longer(clip, Fraction(5, 2)), tmp_path)

    assert caught.value.instance_code == "media.truncated"
    assert "6.50 s" in caught.value.detail


@pytest.mark.parametrize(
    ("codec", "prefix"),
    [(VideoCodec.HEVC, "hvc1.1."), (VideoCodec.VP9, "vp09.00."), (VideoCodec.AV1, "av01.0.")],
)
def test_other_codecs_live_on_the_same_grid(
    codec: VideoCodec, prefix: str, clips: Clips, tmp_path: Path
) -> None:
    clip = clips.constant("30000/1001", seconds=5)
    profile = PROFILE.model_copy(update={"video_codec": codec, "chunk_s": 2})

    made = Made(clip, tmp_path, profile)

    assert made.results[0].renditions[0].codecs.startswith(prefix)
    for rung in made.rungs:
        assert_one_piece(made, rung.name)
    assert_same_pictures(made, clips)


def test_progress_moves_all_rungs_together(clips: Clips, tmp_path: Path) -> None:
    made = Made(clips.constant("30000/1001"), tmp_path)

    last = made.benches[-1].reports[-1]

    assert last == {"180p": 1.0, "90p": 1.0}


def test_a_stop_ends_the_step_and_stores_nothing(clips: Clips, tmp_path: Path) -> None:
    clip = clips.constant("30000/1001")
    bench = FolderBench(tmp_path, clip.path)
    bench.stop.set()

    with pytest.raises(Stopped):
        encode.run(whole(clip), bench)

    assert not bench.stored.exists()


def test_a_box_without_the_encoder_says_so(clips: Clips, tmp_path: Path) -> None:
    clip = clips.constant("30000/1001")
    bench = FolderBench(tmp_path, clip.path)
    bench.tools = replace(bench.tools, use_gpu=True)

    with pytest.raises(EncoderUnavailable):
        encode.run(whole(clip), bench)


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


def longer(clip: Clip, by_s: Fraction) -> Clip:
    """Announce more than there is."""
    video = clip.facts.video
    assert video is not None
    said = video.model_copy(update={"duration_s": video.duration_s + by_s})
    facts: MediaFacts = clip.facts.model_copy(
        update={"video": said, "duration_s": clip.facts.duration_s + by_s}
    )
    return replace(clip, facts=facts)


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
