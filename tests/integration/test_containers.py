"""Every container through every real step: each picture at its own time, sound with its picture."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.core.errors import NotMedia
from tests.support.clock import beeping, numbered, read_beeps, read_numbers
from tests.support.lavfi import make
from tests.support.pressed import Pressed, assert_in_sync, assert_on_grid

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "37")
MPEG2 = ("-c:v", "mpeg2video", "-bf", "2", "-g", "15", "-q:v", "3")
MPEG4 = ("-c:v", "mpeg4", "-bf", "2", "-q:v", "3", "-vtag", "XVID")
HEVC = (
    *("-c:v", "libx265", "-preset", "ultrafast"),
    *("-x265-params", "log-level=error:bframes=3:keyint=37"),
)
DNXHR = ("-c:v", "dnxhd", "-profile:v", "dnxhr_lb", "-pix_fmt", "yuv422p", "-s", "256x144")
VP9 = ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime")
H263 = ("-c:v", "h263", "-s", "176x144", "-q:v", "3")
AAC = ("-c:a", "aac")
PCM = ("-c:a", "pcm_s16le")
SECONDS = 4


@dataclass(frozen=True)
class Kind:
    """A way to write the same four seconds."""

    argv: tuple[str, ...]
    #: The demuxer that opens it.
    container: str
    #: The container of the working copy; empty where none is made.
    copy: str = ""
    rate: str = "25"
    has_sound: bool = True
    #: Frames held at the start, while the sound's encoder runs in.
    lead: int = 0


KINDS = {
    "faststart.mp4": Kind((*H264, *AAC, "-movflags", "+faststart"), "mov"),
    "fragments.mp4": Kind(
        (*H264, *AAC, "-movflags", "+frag_keyframe+empty_moov+delay_moov"), "mov"
    ),
    "prores.mov": Kind(("-c:v", "prores_ks", *PCM), "mov", rate="24000/1001"),
    "dnxhr.mov": Kind((*DNXHR, *PCM), "mov"),
    "phone.3gp": Kind((*H263, "-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1"), "mov"),
    "hevc.mkv": Kind((*HEVC, "-c:a", "flac"), "matroska", rate="30000/1001"),
    "web.webm": Kind((*VP9, "-c:a", "libopus"), "matroska"),
    "stream.ts": Kind((*H264, *AAC), "mpegts", "mov", lead=1),
    "disc.m2ts": Kind(
        (*H264, "-c:a", "ac3", "-mpegts_m2ts_mode", "1"), "mpegts", "mov", rate="24000/1001"
    ),
    "mpeg2.ts": Kind((*MPEG2, "-c:a", "mp2"), "mpegts", "mov"),
    "hevc.ts": Kind((*HEVC, "-c:a", "eac3"), "mpegts", "mov"),
    "program.mpg": Kind((*MPEG2, "-c:a", "mp2"), "mpeg", "mov"),
    "dvd.vob": Kind((*MPEG2, "-c:a", "ac3", "-f", "vob"), "mpeg", "mov", rate="30000/1001"),
    "flash.flv": Kind((*H264, *AAC), "flv", "mov", lead=1),
    "old.flv": Kind(
        ("-c:v", "flv1", "-q:v", "3", "-c:a", "mp3", "-ar", "44100"), "flv", "matroska", lead=1
    ),
    "xvid.avi": Kind((*MPEG4, "-c:a", "mp3"), "avi", "mov"),
    "mjpeg.avi": Kind(("-c:v", "mjpeg", "-q:v", "3", *PCM), "avi", "mov", rate="30"),
    "windows.wmv": Kind(("-c:v", "wmv2", "-q:v", "3", "-c:a", "wmav2"), "asf", "matroska", lead=1),
    "free.ogv": Kind(
        ("-c:v", "libtheora", "-q:v", "8", "-g", "30", "-c:a", "libvorbis"), "ogg", "matroska"
    ),
    "mpeg2.mxf": Kind((*MPEG2, *PCM), "mxf", "mov"),
    "dnxhr.mxf": Kind((*DNXHR, *PCM), "mxf", "mov"),
    "raw.hevc": Kind(HEVC, "hevc", "mov", has_sound=False),
    "moving.gif": Kind((), "gif", "mov", has_sound=False, rate="10"),
    "moving.webp": Kind(
        ("-c:v", "libwebp_anim", "-lossless", "1"), "webp_anim", "matroska", has_sound=False
    ),
    "raw.m2v": Kind(MPEG2, "mpegvideo", "mov", has_sound=False),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_container_comes_out_frame_by_frame(name: str, tmp_path: Path) -> None:
    kind, rate = KINDS[name], Fraction(KINDS[name].rate)
    sound = beeping(SECONDS) if kind.has_sound else []
    path = make(tmp_path / name, *numbered(SECONDS, kind.rate), *sound, *kind.argv)

    made = Pressed(path, tmp_path / "made")

    assert made.facts.remuxed_from == (kind.container if kind.copy else None)
    assert made.facts.container == (kind.copy or kind.container)
    assert made.facts.is_seekable
    assert made.facts.video is not None
    assert not made.facts.video.is_variable_rate
    assert made.grid.frame_rate == rate
    assert len(made.plan.chunks) >= 2
    assert_on_grid(made)
    n_source = made.facts.video.n_frames
    assert n_source == round(SECONDS * rate)
    assert read_numbers(made.grey()) == [0] * kind.lead + list(range(n_source))
    if kind.has_sound:
        assert_in_sync(made, rate, at_least=7)


def test_an_animated_png_comes_out_whole(tmp_path: Path) -> None:
    path = make(tmp_path / "moving.png", *numbered(2), "-f", "apng")

    made = Pressed(path, tmp_path / "made")

    assert_on_grid(made)
    assert read_numbers(made.grey()) == list(range(50))


@pytest.mark.parametrize("name", ["still.gif", "still.png", "still.webp"])
def test_a_single_picture_is_no_video(name: str, tmp_path: Path) -> None:
    # Twice the same number: WebP writes one picture for both, and says it is an animation.
    same = [*numbered(0.08)[:-1], numbered(0.08)[-1].replace("floor(N/", "floor(0*N/")]
    one = () if name == "still.webp" else ("-frames:v", "1")
    codec = {"still.webp": ("-c:v", "libwebp_anim"), "still.png": ("-f", "apng")}.get(name, ())
    path = make(tmp_path / name, *same, *one, *codec)

    with pytest.raises(NotMedia) as caught:
        Pressed(path, tmp_path / "made")

    assert caught.value.instance_code == "media.image"


@pytest.mark.parametrize("name", ["raw.h264", "camera.avi"])
def test_reordered_pictures_without_times_come_out_in_order_and_in_time(
    name: str, tmp_path: Path
) -> None:
    # No copy is faithful: the order stands in the slices only. One task encodes all of it.
    sound = [*beeping(SECONDS), "-c:a", "pcm_s16le"] if name == "camera.avi" else []
    path = make(tmp_path / name, *numbered(SECONDS), *sound, *H264, "-b_strategy", "0")

    made = Pressed(path, tmp_path / "made")

    assert made.source.key == str(path)
    assert len(made.plan.chunks) == 1
    assert_on_grid(made)
    assert read_numbers(made.grey()) == list(range(SECONDS * 25))
    if sound:
        assert_in_sync(made, Fraction(25), at_least=7)


@pytest.mark.parametrize(
    ("said", "argv"),
    [
        ("film.avi", (*H264, *AAC, "-f", "mp4")),
        ("film.mp4", (*H264, *AAC, "-f", "mpegts")),
        ("list.m3u8", (*H264, *AAC, "-f", "matroska")),
        ("-i.txt", (*H264, *AAC, "-f", "flv")),
        ("concat:a|b.jpg", (*MPEG2, "-c:a", "mp2", "-f", "vob")),
    ],
)
def test_content_decides_whatever_an_ending_says(
    said: str, argv: tuple[str, ...], tmp_path: Path
) -> None:
    honest = make(tmp_path / "honest", *numbered(2), *beeping(2), *argv)
    path = honest.rename(tmp_path / said)

    made = Pressed(path, tmp_path / "made")

    assert_on_grid(made)
    assert made.facts.video is not None
    assert made.facts.video.n_frames == 50
    assert read_numbers(made.grey())[-50:] == list(range(50))
    assert_in_sync(made, Fraction(25), at_least=3)


def test_a_copy_keeps_every_sound_track_and_its_language(tmp_path: Path) -> None:
    languages = ("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=kor")
    maps = ("-map", "0:v", "-map", "1:a", "-map", "1:a", *languages)
    path = make(tmp_path / "two.ts", *numbered(2), *beeping(2), *maps, *H264, *AAC)

    made = Pressed(path, tmp_path / "made")

    assert made.facts.remuxed_from == "mpegts"
    assert [sound.language for sound in made.facts.audios] == ["eng", "kor"]
    for audio in made.plan.audios:
        heard = read_beeps(made.sound(audio.name), made.sound_rate_hz)
        assert [beep.number for beep in heard] == [0, 1, 2, 3]
