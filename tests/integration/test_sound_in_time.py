"""Each sound is heard when the source has it, whatever its rate, start, gaps and length."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.clips import Clip, Clips
from tests.support.heard import Heard, chirp, chirp_at
from tests.support.sound import FRAME_S, encode

PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=64x36:r=25:d=3")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2")
#: Correlation finds it to a few samples; a third of a frame leaves no doubt which frame.
NEAR_S = FRAME_S / 3


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


def sound(at_s: float, *, rate: int = 48_000, seconds: float = 3) -> str:
    return f"aevalsrc={chirp_at(at_s)}:s={rate}:d={seconds}"


def film(clips: Clips, suffix: str, source: str, *flags: str, late_s: float = 0) -> Clip:
    delayed = ("-itsoffset", str(late_s), "-f", "lavfi", "-i", source)
    return clips.make(suffix, [*PICTURE, *delayed, *X264, *flags])


def offset_s(heard: Heard, clip: Clip, wanted_s: float) -> float:
    """How late the chirp is for the picture, which is shown from its own start on."""
    assert clip.facts.video is not None
    picture_s = float(clip.facts.video.start_s - clip.facts.start_s)
    return heard.heard_at_s(chirp()) - picture_s - wanted_s


@pytest.mark.parametrize("rate", [44_100, 96_000, 11_025])
def test_every_sample_rate_stays_in_time(rate: int, clips: Clips, tmp_path: Path) -> None:
    clip = film(clips, "mkv", sound(2.2, rate=rate), "-c:a", "flac")

    heard = encode(clips, clip, tmp_path)

    assert abs(offset_s(heard, clip, 2.2)) < NEAR_S
    assert heard.length_s == pytest.approx(float(clip.facts.duration_s), abs=2 * FRAME_S)


def test_sound_that_starts_later_is_heard_later(clips: Clips, tmp_path: Path) -> None:
    clip = film(clips, "mp4", sound(0.5, seconds=2), "-c:a", "aac", late_s=1.1)

    heard = encode(clips, clip, tmp_path)

    assert abs(offset_s(heard, clip, 1.6)) < NEAR_S
    assert heard.start_s == pytest.approx(0, abs=FRAME_S)
    assert abs(heard.between(0.1, 1.0)).max() < 0.001


def test_sound_that_starts_before_the_picture_keeps_its_beginning(
    clips: Clips, tmp_path: Path
) -> None:
    late_picture = ["-itsoffset", "0.8", *PICTURE, "-f", "lavfi", "-i", sound(0.3)]
    clip = clips.make("mkv", [*late_picture, *X264, "-c:a", "flac"])

    heard = encode(clips, clip, tmp_path)

    assert abs(offset_s(heard, clip, 0.3 - 0.8)) < NEAR_S


def test_sound_that_outlasts_the_picture_is_kept_whole(clips: Clips, tmp_path: Path) -> None:
    clip = film(clips, "mkv", sound(4.2, seconds=5), "-c:a", "flac")

    heard = encode(clips, clip, tmp_path)

    assert abs(offset_s(heard, clip, 4.2)) < NEAR_S
    assert heard.length_s == pytest.approx(5, abs=2 * FRAME_S)


def test_a_gap_is_silence_and_what_follows_is_in_time(clips: Clips, tmp_path: Path) -> None:
    source = f"aevalsrc=0.2*sin(2*PI*440*t)*lt(t\\,2)+{chirp_at(2.4)}:s=48000:d=3"
    gap = f"{source},aselect=not(between(t\\,0.6\\,1.4))"
    clip = film(clips, "mkv", gap, "-c:a", "flac")

    heard = encode(clips, clip, tmp_path)

    assert abs(offset_s(heard, clip, 2.4)) < NEAR_S
    assert abs(heard.between(0.65, 1.35)).max() < 0.001
    assert heard.tone_db(0, 440, 0.1, 0.5) == pytest.approx(-14, abs=0.5)
    assert heard.tone_db(0, 440, 1.5, 1.9) == pytest.approx(-14, abs=0.5)


def test_many_small_gaps_do_not_add_up(clips: Clips, tmp_path: Path) -> None:
    # A packet of 1,024 samples is lost five times: 107 ms if nothing filled them.
    source = f"aevalsrc={chirp_at(2.4)}:s=48000:d=3:n=1024"
    holes = f"{source},aselect=not(eq(mod(n\\,20)\\,7)*lt(t\\,2.3))"
    clip = film(clips, "mkv", holes, "-c:a", "pcm_s16le")

    heard = encode(clips, clip, tmp_path)

    assert abs(offset_s(heard, clip, 2.4)) < NEAR_S


def test_the_second_track_is_encoded_when_it_is_asked_for(clips: Clips, tmp_path: Path) -> None:
    two = ["-f", "lavfi", "-i", sound(0.5), "-f", "lavfi", "-i", sound(1.5)]
    maps = ["-map", "0:v", "-map", "1:a", "-map", "2:a"]
    clip = clips.make("mkv", [*PICTURE, *two, *maps, *X264, "-c:a", "flac"])

    onsets = [
        offset_s(encode(clips, clip, tmp_path / str(track), track=track), clip, 0)
        for track in (0, 1)
    ]

    assert onsets == pytest.approx([0.5, 1.5], abs=NEAR_S)


def test_channels_may_change_on_the_way(clips: Clips, tmp_path: Path) -> None:
    parts = [tmp_path / "film.ts", tmp_path / "break.ts"]
    six = f"aevalsrc={'|'.join([chirp_at(0.4)] * 6)}:s=48000:d=2:c=5.1"
    clips.run(["-f", "lavfi", "-i", six, "-c:a", "ac3", str(parts[0])])
    two = ["-f", "lavfi", "-i", f"aevalsrc={chirp_at(1.3)}:s=48000:d=2", "-ac", "2"]
    clips.run([*two, "-c:a", "ac3", "-output_ts_offset", "2", str(parts[1])])
    path = clips.folder / "broadcast.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    clip = clips.read(path)
    # Read to the end, ffprobe tells the last form; a probe tells the first.
    first = {"channels": 6, "channel_layout": "5.1(side)"}
    track = clip.facts.audios[0].model_copy(update=first)
    clip = replace(clip, facts=clip.facts.model_copy(update={"audios": (track,)}))

    heard = encode(clips, clip, tmp_path)

    assert heard.length_s == pytest.approx(4, abs=0.1)
    assert heard.heard_at_s(chirp()) == pytest.approx(0.4, abs=NEAR_S)
    assert heard.heard_at_s(chirp(), from_s=2) == pytest.approx(3.3, abs=NEAR_S)
