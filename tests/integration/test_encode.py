"""Chunks encoded one by one are one picture: counts, times and the pictures themselves."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.core.colors import is_hdr
from pipeline.core.errors import EncoderUnavailable, Stopped
from schemas.media import MediaFacts
from schemas.vocabulary import VideoCodec
from tests.support.benches import FolderBench
from tests.support.clips import Clip, Clips
from tests.support.made_chunks import (
    PROFILE,
    Made,
    assert_one_piece,
    assert_same_pictures,
    distance,
    pictures,
    whole,
)
from workers.steps import encode


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


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


def test_more_than_a_second_missing_at_the_end_is_held_and_counted(
    clips: Clips, tmp_path: Path
) -> None:
    clip = clips.constant("30", seconds=4)

    made = Made(longer(clip, Fraction(5, 2)), tmp_path)

    assert_one_piece(made, "180p")
    damage = made.results[-1].damage
    assert damage is not None
    assert damage.n_missing == 75
    assert damage.spans_s == ((4.0, 6.5),)


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


def longer(clip: Clip, by_s: Fraction) -> Clip:
    """Announce more than there is."""
    video = clip.facts.video
    assert video is not None
    said = video.model_copy(update={"duration_s": video.duration_s + by_s})
    facts: MediaFacts = clip.facts.model_copy(
        update={"video": said, "duration_s": clip.facts.duration_s + by_s}
    )
    return replace(clip, facts=facts)
