"""Probing real files, whole and broken."""

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.core.errors import (
    MediaDamaged,
    MediaError,
    MediaUnsupported,
    NotMedia,
    ReelmillError,
    Stopped,
    WorkStalled,
)
from schemas.media import MediaFacts
from schemas.tasks import ProbeParams
from tests.support.breakage import cut
from tests.support.folder_bench import FolderBench, source_ref, tools
from tests.support.lavfi import X264, clip, make, picture, tone
from workers.steps.opening import opened
from workers.steps.probe import run


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def plain(clips: Path) -> Path:
    return clip(clips / "plain.mp4", seconds=4)


@pytest.fixture(scope="module")
def faststart(clips: Path, plain: Path) -> Path:
    return make(clips / "fast.mp4", "-i", str(plain), "-c", "copy", "-movflags", "+faststart")


@pytest.fixture
def bench(tmp_path: Path) -> FolderBench:
    return FolderBench(tmp_path)


def probed(bench: FolderBench, path: Path) -> MediaFacts:
    return run(ProbeParams(source=source_ref(path)), bench).facts


def refusal(bench: FolderBench, path: Path) -> ReelmillError:
    with pytest.raises(MediaError) as caught:
        probed(bench, path)
    assert not caught.value.retryable
    assert caught.value.remedy
    return caught.value


def test_an_mp4_gives_exact_facts(bench: FolderBench, plain: Path) -> None:
    facts = probed(bench, plain)

    assert facts.container == "mov"
    assert facts.is_seekable
    assert facts.start_s == 0
    assert facts.video is not None
    assert facts.video.frame_rate == 25
    assert not facts.video.is_variable_rate
    assert facts.video.n_frames == 100
    assert facts.video.duration_s == 4
    assert facts.video.keyframes_s == (0.0, 1.0, 2.0, 3.0)
    assert (facts.video.display_width_px, facts.video.display_height_px) == (320, 180)
    assert facts.audio is not None
    assert facts.audio.codec == "aac"
    assert facts.warnings == ()
    assert "Lavf" in facts.enrichment["writing_application"]
    assert bench.reports


def test_ntsc_in_matroska_is_exact_though_its_clock_is_milliseconds(
    bench: FolderBench, clips: Path
) -> None:
    facts = probed(bench, clip(clips / "ntsc.mkv", rate="30000/1001"))

    assert facts.container == "matroska"
    assert facts.is_seekable
    assert facts.video is not None
    assert facts.video.frame_rate == Fraction(30000, 1001)
    assert not facts.video.is_variable_rate
    assert facts.video.n_frames == 90


def test_a_transport_stream_is_described_as_the_copy_that_can_be_sought(
    bench: FolderBench, clips: Path
) -> None:
    found = run(ProbeParams(source=source_ref(clip(clips / "stream.ts"))), bench)

    facts, copy = found.facts, found.working_source
    assert (facts.container, facts.remuxed_from) == ("mov", "mpegts")
    assert facts.is_seekable
    assert facts.start_s < Fraction(1, 10)
    assert 2.9 < facts.duration_s < 3.2
    assert [warning.code for warning in facts.warnings] == ["media.remuxed"]
    assert copy is not None
    assert copy.key == f"{bench.prefix}working.mov"
    assert copy.size_bytes == facts.size_bytes == bench.file(copy.key).stat().st_size
    assert copy.sha256 == source_ref(bench.file(copy.key)).sha256


def test_one_that_no_copy_would_be_faithful_to_is_encoded_in_one_piece(
    bench: FolderBench, clips: Path
) -> None:
    # Reordered pictures without any times: their order stands in the slices only.
    raw = make(clips / "raw.h264", *picture(3), *X264, "-bf", "2", "-b_strategy", "0")

    found = run(ProbeParams(source=source_ref(raw)), bench)

    assert found.working_source is None
    assert not found.facts.is_seekable
    assert not list(bench.scratch.glob("working*"))


def test_a_turned_anamorphic_picture_is_stated_as_seen(bench: FolderBench, clips: Path) -> None:
    flat = make(clips / "sar.mp4", *picture(1), "-vf", "setsar=4/3", *X264)
    turned = make(clips / "turned.mp4", "-display_rotation", "90", "-i", str(flat), "-c", "copy")

    video = probed(bench, turned).video

    assert video is not None
    assert video.rotation_deg == 270
    assert video.sample_aspect_ratio == Fraction(4, 3)
    assert (video.display_width_px, video.display_height_px) == (180, 427)


def test_a_varying_pace_is_noticed(bench: FolderBench, clips: Path) -> None:
    # Half the clip at 30 frames a second, half at 10.
    pace = "select='lt(n,45)+not(mod(n,3))'"
    source = make(clips / "vfr.mp4", *picture(3, rate="30"), "-vf", pace, "-fps_mode", "vfr", *X264)

    facts = probed(bench, source)

    assert facts.video is not None
    assert facts.video.is_variable_rate
    assert facts.video.frame_rate == 30
    codes = {warning.code for warning in facts.warnings}
    assert codes == {"media.variable_rate", "media.no_audio"}


def test_sound_alone_is_media(bench: FolderBench, clips: Path) -> None:
    facts = probed(bench, make(clips / "tone.m4a", *tone(2), "-c:a", "aac"))

    assert facts.video is None
    assert facts.audio is not None
    assert 1.9 < facts.duration_s < 2.1


@pytest.mark.parametrize(
    ("name", "argv"),
    [
        ("old.avi", ("-c:v", "mpeg4", "-c:a", "mp3")),
        ("web.webm", ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus")),
        ("flash.flv", ("-c:v", "flv1", "-c:a", "mp3", "-ar", "44100")),
        ("dvd.mpg", ("-c:v", "mpeg2video", "-c:a", "mp2")),
        ("windows.wmv", ("-c:v", "wmv2", "-c:a", "wmav2")),
        ("fragments.mp4", (*X264, "-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov")),
    ],
)
def test_many_containers_are_read(
    bench: FolderBench, clips: Path, name: str, argv: tuple[str, ...]
) -> None:
    facts = probed(bench, make(clips / name, *picture(2), *tone(2), *argv))

    assert facts.video is not None
    assert facts.video.frame_rate == 25
    assert facts.video.n_frames in (49, 50)
    assert abs(facts.duration_s - 2) < Fraction(1, 5)


def test_a_picture_of_the_cover_is_not_a_video(bench: FolderBench, clips: Path) -> None:
    cover = make(clips / "cover.jpg", *picture(1), "-frames:v", "1")
    song = make(
        clips / "song.m4a",
        *("-i", str(cover), *tone(2), "-map", "0", "-map", "1"),
        *("-c:v", "copy", "-c:a", "aac", "-disposition:v", "attached_pic"),
    )

    assert probed(bench, song).video is None


def test_a_file_without_its_index_is_damaged(
    bench: FolderBench, tmp_path: Path, plain: Path
) -> None:
    data = plain.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: len(data) // 2])

    error = refusal(bench, cut)

    assert isinstance(error, MediaDamaged)
    assert error.instance_code == "media.moov_missing"


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.8])
def test_a_file_cut_short_is_taken_as_far_as_it_goes(
    bench: FolderBench, tmp_path: Path, faststart: Path, kept: float
) -> None:
    facts = probed(bench, cut(faststart, tmp_path / "cut.mp4", kept))

    assert [warning.code for warning in facts.warnings] == ["media.cut_short"]
    assert facts.video is not None
    assert facts.duration_s + facts.missing_s == pytest.approx(4, abs=0.05)
    assert facts.duration_s == pytest.approx(4 * kept, abs=0.5)


@pytest.mark.parametrize("ending", ["mkv", "webm", "avi", "flv"])
def test_other_containers_cut_short_are_taken_as_far_as_they_go(
    bench: FolderBench, tmp_path: Path, clips: Path, ending: str
) -> None:
    codecs = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus")
    other = ("-c:v", "flv1", "-c:a", "mp3", "-ar", "44100")
    argv = codecs if ending == "webm" else other
    whole = make(clips / f"whole.{ending}", *picture(4), *tone(4), *argv)

    facts = probed(bench, cut(whole, tmp_path / "cut", 0.5))

    assert "media.cut_short" in {warning.code for warning in facts.warnings}
    assert facts.duration_s + facts.missing_s == pytest.approx(4, abs=0.2)
    assert facts.duration_s == pytest.approx(2, abs=0.8)


def test_a_file_of_noise_behind_a_good_index_is_damaged(
    bench: FolderBench, tmp_path: Path, faststart: Path
) -> None:
    data = bytearray(faststart.read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = bytes((at * 7919 >> 3) & 0xFF for at in range(len(data) - start))
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(data)

    assert isinstance(refusal(bench, noise), MediaDamaged)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "media.empty"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nplain.mp4\n", "media.playlist"),
        (b"ffconcat version 1.0\nfile plain.mp4\n", "media.playlist"),
        (b"hello, I am a text\n" * 50, "media.text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "media.image"),
        (bytes((at * 7919 + at // 3) & 0xFF for at in range(50_000)), "media.not_media"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2", "media.moov_missing"),
        (b"\x1a\x45\xdf\xa3" + bytes(500), "media.not_media"),
    ],
)
def test_what_is_not_media_says_why(
    bench: FolderBench, tmp_path: Path, content: bytes, code: str
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)

    assert refusal(bench, path).instance_code == code


def test_a_playlist_behind_a_media_signature_reads_no_other_file(
    bench: FolderBench, tmp_path: Path, plain: Path
) -> None:
    # Binary enough for the first look, a playlist to a demuxer that guesses.
    path = plain.parent / "trick.mp4"
    path.write_bytes(b"\x80\x81#EXTM3U\n#EXTINF:4,\nplain.mp4\n#EXT-X-ENDLIST\n")

    assert isinstance(refusal(bench, path), NotMedia)


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ({"max_source_pixels": 1000}, "media.too_many_pixels"),
        ({"max_source_duration_s": 2.0}, "media.too_long"),
        ({"max_source_streams": 1}, "media.too_many_streams"),
    ],
)
def test_what_is_beyond_our_limits_is_refused(
    tmp_path: Path, plain: Path, limit: dict[str, object], code: str
) -> None:
    error = refusal(FolderBench(tmp_path, with_tools=tools(**limit)), plain)

    assert isinstance(error, MediaUnsupported)
    assert error.instance_code == code


@pytest.mark.parametrize(
    ("does", "error", "code"),
    [
        ("while :; do :; done", MediaUnsupported, "media.too_complex"),
        ("read -r _ < nobody_writes", WorkStalled, "work.stalled"),
    ],
)
def test_a_question_that_takes_too_long_is_the_files_fault_only_if_it_was_worked_on(
    tmp_path: Path, plain: Path, does: str, error: type[ReelmillError], code: str
) -> None:
    standing_in = tmp_path / "ffprobe"
    standing_in.write_text(f"#!/bin/sh\n{does}\n")
    standing_in.chmod(0o755)
    os.mkfifo(tmp_path / "nobody_writes")
    prober = replace(
        opened(FolderBench(tmp_path), plain),
        ffprobe=str(standing_in),
        scratch=tmp_path,
        stall_s=3.0,
    )

    with pytest.raises(error) as caught:
        prober.describe()

    assert caught.value.instance_code == code
    assert caught.value.retryable == (error is WorkStalled)


def test_a_stop_is_heard(bench: FolderBench, plain: Path) -> None:
    bench.stop.set()

    with pytest.raises(Stopped):
        probed(bench, plain)
