"""Files that must be refused, each in its own words and within little time, memory and disk."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.core.errors import MediaError
from pipeline.messages import LANGUAGES, words
from schemas.media import MediaFacts
from schemas.tasks import ProbeParams
from tests.support import bad_files, breakage
from tests.support.encoded import Encoded
from tests.support.folder_bench import FolderBench, source_ref
from tests.support.lavfi import X264, make, picture, tone
from workers.ffmpeg import probe as asking
from workers.steps import probe

MIB = 2**20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def good(folder: Path) -> Path:
    """Four seconds, index in front."""
    return bad_files.clip(folder)


@pytest.fixture(scope="module")
def index_behind(folder: Path, good: Path) -> Path:
    return make(folder / "behind.mp4", "-i", str(good), "-c", "copy")


@pytest.fixture(autouse=True)
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every question about a file to limits an honest one never comes near.

    Whoever went over them would end in an error of the attempt, not of the file.
    """
    monkeypatch.setattr(asking, "_MEMORY_BYTES", 256 * MIB)
    monkeypatch.setattr(asking, "_ASK_S", 30.0)
    monkeypatch.setattr(asking, "_SCAN_S", 60.0)


def probed(path: Path, tmp_path: Path) -> MediaFacts:
    return probe.run(ProbeParams(source=source_ref(path)), FolderBench(tmp_path / "probe")).facts


def refusal(path: Path, tmp_path: Path) -> str:
    """Probe a file that must be refused, and name the code."""
    with pytest.raises(MediaError) as caught:
        probed(path, tmp_path)
    error = caught.value
    assert not error.retryable
    assert error.detail
    assert all(words(error.instance_code, language) for language in LANGUAGES)
    # Nothing is left behind but what the probe was handed.
    assert sum(each.stat().st_size for each in (tmp_path / "probe").rglob("*")) < MIB
    return error.instance_code


@pytest.mark.parametrize("ending", ["", ".mp4"])
@pytest.mark.parametrize("kind", bad_files.PLAYLISTS)
def test_a_playlist_is_one_whatever_its_name(tmp_path: Path, kind: str, ending: str) -> None:
    path = breakage.written(tmp_path / f"upload{ending}", bad_files.PLAYLISTS[kind])

    assert refusal(path, tmp_path) == "media.playlist"


@pytest.mark.parametrize("kind", bad_files.TEXTS)
def test_text_is_text(tmp_path: Path, kind: str) -> None:
    path = breakage.written(tmp_path / "film.mp4", bad_files.TEXTS[kind])

    assert refusal(path, tmp_path) == "media.text"


@pytest.mark.parametrize("kind", bad_files.IMAGES)
def test_a_still_image_is_one(tmp_path: Path, kind: str) -> None:
    path = breakage.written(tmp_path / "film.mp4", bad_files.IMAGES[kind])

    assert refusal(path, tmp_path) == "media.image"


@pytest.mark.parametrize("content", [b"", bytes(100_000)])
def test_nothing_is_nothing(tmp_path: Path, content: bytes) -> None:
    assert refusal(breakage.written(tmp_path / "film.mp4", content), tmp_path) == "media.empty"


def test_real_pictures_are_refused_as_such(tmp_path: Path) -> None:
    for name in ("still.png", "still.jpg", "still.bmp"):
        path = make(tmp_path / name, *picture(1), "-frames:v", "1", "-update", "1")
        assert refusal(path, tmp_path / name[-3:]) == "media.image"


LOCKED: dict[str, tuple[Callable[[Path, Path], Path], str]] = {
    "common encryption with a rights system": (
        lambda folder, good: bad_files.packager(good, folder / "drm.mp4"),
        "media.drm",
    ),
    "common encryption alone": (
        lambda folder, good: breakage.written(
            folder / "cenc.mp4",
            bad_files.packager(good, folder / "pssh.mp4").read_bytes().replace(b"pssh", b"free"),
        ),
        "media.encrypted",
    ),
    "FairPlay": (lambda folder, good: bad_files.fairplay(good, folder / "f.mp4"), "media.drm"),
    "Windows Media": (lambda folder, _: bad_files.windows_drm(folder), "media.drm"),
    "scrambled transport stream": (
        lambda folder, _: bad_files.scrambled(folder),
        "media.encrypted",
    ),
    "Sample-AES": (
        lambda folder, good: bad_files.packager(
            good, folder / "aes.ts", "--protection_scheme", "cbcs"
        ),
        "media.encrypted",
    ),
    "encrypted Matroska": (
        lambda folder, _: bad_files.packager(
            make(
                folder / "plain.webm",
                *(*picture(1, size="160x90"), "-c:v", "libvpx", "-deadline", "realtime"),
            ),
            folder / "locked.webm",
        ),
        "media.encrypted",
    ),
}


@pytest.mark.parametrize("kind", LOCKED)
def test_what_is_locked_is_refused(folder: Path, good: Path, tmp_path: Path, kind: str) -> None:
    made, code = LOCKED[kind]

    assert refusal(made(folder, good), tmp_path) == code


def test_what_nobody_can_decode_is_refused(good: Path, tmp_path: Path) -> None:
    path = bad_files.unknown_codec(good, tmp_path / "strange.mp4")

    assert refusal(path, tmp_path) == "media.codec_unsupported"


def test_bombs_are_refused_before_they_go_off(folder: Path, good: Path, tmp_path: Path) -> None:
    bombs = {
        "media.too_many_pixels": bad_files.pixel_bomb(folder),
        "media.too_long": bad_files.day_long(good, folder / "day.mp4"),
        "media.too_many_streams": bad_files.many_streams(good, folder / "streams.mp4"),
        "media.too_fast": bad_files.fast(folder, "3840x2160", 3),
    }

    for code, path in bombs.items():
        assert path.stat().st_size < 8 * MIB
        assert refusal(path, tmp_path / code) == code


def test_a_thousand_small_pictures_a_second_come_out_at_the_profiles_rate(
    folder: Path, tmp_path: Path
) -> None:
    made = Encoded(bad_files.fast(folder, "160x90", 1000), tmp_path)

    assert made.facts.video is not None
    assert made.facts.video.frame_rate == 1000
    assert made.plan.grid is not None
    assert made.plan.grid.frame_rate <= 60
    assert "plan.rate_lowered" in {warning.code for warning in made.plan.warnings}


@pytest.mark.parametrize("table", [b"stts", b"stsz", b"ctts", b"stco", b"stsc", b"stss"])
def test_a_header_that_claims_a_thousand_million_frames_is_not_believed(
    good: Path, tmp_path: Path, table: bytes
) -> None:
    path = bad_files.lying(good, tmp_path / "lie.mp4", table)

    try:
        facts = probed(path, tmp_path)
    except MediaError:
        return
    # The table alone lies: what is there is taken.
    assert facts.video is not None
    assert facts.video.n_frames == 100
    assert facts.duration_s == pytest.approx(4, abs=0.1)


def test_a_flood_of_frames_a_byte_long_is_refused_before_it_is_decoded(
    good: Path, tmp_path: Path
) -> None:
    some = bad_files.flood(good, tmp_path / "some.mp4", 8000)
    endless = bad_files.flood(good, tmp_path / "endless.mp4", 10**9)

    assert refusal(some, tmp_path / "some") == "media.too_fast"
    # More than memory holds: nothing of its index is made.
    assert refusal(endless, tmp_path / "endless") == "media.no_packets"


@pytest.mark.parametrize("kept", [0.001, 0.01, 0.03, 0.1, 0.25, 0.4, 0.5, 0.75, 0.9, 0.99])
def test_a_file_cut_anywhere_is_taken_as_far_as_it_goes_or_refused(
    good: Path, index_behind: Path, tmp_path: Path, kept: float
) -> None:
    behind = breakage.cut(index_behind, tmp_path / "behind.mp4", kept)
    assert refusal(behind, tmp_path / "b") in {"media.moov_missing", "media.damaged"}

    front = breakage.cut(good, tmp_path / "front.mp4", kept)
    if kept < 0.1:
        code = refusal(front, tmp_path / "f")
        assert code in {"media.no_streams", "media.damaged", "media.no_packets"}
    else:
        facts = probed(front, tmp_path / "f")
        assert facts.duration_s == pytest.approx(4 * kept, abs=0.3)
        assert facts.warnings


def _table(name: bytes) -> Callable[[Path, Path], Path]:
    def spoilt(good: Path, target: Path) -> Path:
        def overwrite(payload: bytearray) -> None:
            payload[8:] = breakage.noise(len(payload) - 8)

        return breakage.edit_box(good, target, name, overwrite)

    return spoilt


def _packets(kind: str, **how: int) -> Callable[[Path, Path], Path]:
    def spoilt(good: Path, target: Path) -> Path:
        return breakage.spoil(good, target, breakage.packets(good, kind)[30:50], **how)

    return spoilt


def _header(good: Path, target: Path) -> Path:
    return breakage.written(target, breakage.noise(16) + good.read_bytes()[16:])


def _moov(good: Path, target: Path) -> Path:
    data = bytearray(good.read_bytes())
    start = data.index(b"moov")
    (size,) = struct.unpack_from(">I", data, start - 4)
    for number, at in enumerate(range(start + 12, start + size - 8, size // 40)):
        data[at] ^= 0x10 + number
    return breakage.written(target, bytes(data))


#: How a file is hurt, and the code it ends with; None where it is published with a warning or,
#: because nothing that matters was hit, without one.
HURTS: dict[str, tuple[Callable[[Path, Path], Path], str | None]] = {
    "header": (_header, "media.not_media"),
    "moov": (_moov, "media."),
    "durations (stts)": (_table(b"stts"), "media.times_damaged"),
    "sizes (stsz)": (_table(b"stsz"), "media.damaged"),
    "lengths of NAL units": (_packets("video", skip=0, most=4), None),
    "parameter sets (avcC)": (_table(b"avcC"), "media.undecodable"),
    "slices": (_packets("video"), None),
    "frames of sound": (_packets("audio", skip=0), None),
    "index (stco)": (_table(b"stco"), "media.no_packets"),
    "timestamps (ctts)": (_table(b"ctts"), None),
}
#: Hurts that decoders notice.
COUNTED = {"lengths of NAL units", "slices", "frames of sound"}


@pytest.mark.parametrize("kind", HURTS)
def test_bit_damage_ends_in_a_code_or_is_counted(good: Path, tmp_path: Path, kind: str) -> None:
    hurt, code = HURTS[kind]
    path = hurt(good, tmp_path / "hurt.mp4")

    if code is not None:
        assert refusal(path, tmp_path).startswith(code)
        return
    made = Encoded(path, tmp_path)
    sound = made.sound()
    damages = [each.damage for each in (*made.pictures, sound) if each.damage is not None]
    assert bool(damages) == (kind in COUNTED)
    assert sum(each.n_concealed + each.n_missing for each in damages) <= 20
    # Whatever was lost, the asset has its whole length.
    assert made.plan.grid is not None
    n_segments = -(-made.plan.grid.n_frames // made.plan.grid.segment_frames)
    assert sum(len(each.segments) for each in made.pictures) == len(made.plan.rungs) * n_segments


def test_a_film_that_is_long_is_told_from_a_clock_that_leaps(folder: Path, tmp_path: Path) -> None:
    flags = ("-c:v", "flv1", "-c:a", "aac")
    whole = make(folder / "leaping.flv", *picture(3, size="160x90"), *tone(3), *flags)
    data = bytearray(whole.read_bytes())
    for packet in breakage.packets(whole, "video")[40:]:
        # The highest byte of a tag's time, in milliseconds: 14 hours on.
        data[int(packet["pos"]) + 7] = 0x03
    leaping = breakage.written(tmp_path / "leaping.flv", bytes(data))
    # Every picture stands for a minute; no header knows how long that goes on.
    minutes = ("-c:v", "flv1", "-vf", "setpts=N*60/TB", "-fps_mode", "passthrough")
    untold = ("-flvflags", "no_duration_filesize")
    long = make(folder / "long.flv", *picture(33, size="32x32"), *minutes, *untold)

    assert refusal(long, tmp_path / "long") == "media.too_long"
    # The copy that is worked on has a clock that goes on.
    assert probed(leaping, tmp_path / "leaping").duration_s == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("ending", ["mkv", "ts", "avi", "flv"])
def test_other_containers_hurt_all_over_are_counted_too(
    folder: Path, tmp_path: Path, ending: str
) -> None:
    flags = (*X264, "-c:a", "aac") if ending in {"mkv", "ts"} else ("-c:v", "mpeg4")
    sound = tone(3) if ending in {"mkv", "ts"} else []
    flags = ("-c:v", "flv1") if ending == "flv" else flags
    whole = make(folder / f"whole.{ending}", *picture(3, size="160x90"), *sound, *flags)
    data = bytearray(whole.read_bytes())
    for number in range(4):
        at = len(data) // 3 + number * len(data) // 8
        data[at : at + 40] = breakage.noise(40, number)
    hurt = breakage.written(tmp_path / "hurt", bytes(data))

    made = Encoded(hurt, tmp_path)
    damages = [each.damage for each in made.pictures if each.damage is not None]
    assert damages
    assert sum(each.n_concealed + each.n_missing for each in damages) > 0
