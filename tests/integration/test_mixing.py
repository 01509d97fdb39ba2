"""Channels: what is heard on each side of a mix, and where each channel of 5.1 comes out."""

from pathlib import Path

import pytest

from schemas.plan import AudioPlan
from schemas.vocabulary import AudioCodec
from tests.support.clips import Clip, Clips
from tests.support.heard import chirp, chirp_at, tones
from tests.support.sound import AAC, encode

#: A tone of its own for each channel, in ffmpeg's order; LFE is the fourth.
HZ = (300, 500, 800, 60, 1300, 2100, 3000, 4000)
SURROUND = AAC.model_copy(update={"name": "audio-surround", "channels": 6, "bitrate_bps": 384_000})
LAYOUTS = {"5.1": 6, "5.1(side)": 6, "7.1": 8}
FILM_DB = -12.04


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


def surround(clips: Clips, layout: str, amplitude: float = 0.25) -> Clip:
    each = tones(HZ[: LAYOUTS[layout]], amplitude)
    source = f"aevalsrc={each}:s=48000:d=2:c={layout}"
    return clips.make("wav", ["-f", "lavfi", "-i", source, "-c:a", "pcm_f32le"])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mix_to_stereo_keeps_the_dialogue_and_drops_the_lfe(
    layout: str, clips: Clips, tmp_path: Path
) -> None:
    heard = encode(clips, surround(clips, layout), tmp_path)

    assert heard.n_channels == 2
    rear_db = FILM_DB - (3.01 if layout != "7.1" else 6.02)
    for channel, front_hz, rear_hz in ((0, 300, 1300), (1, 500, 2100)):
        other = 1 - channel
        assert heard.tone_db(channel, front_hz, 0.5, 1.5) == pytest.approx(FILM_DB, abs=0.3)
        assert heard.tone_db(channel, rear_hz, 0.5, 1.5) == pytest.approx(rear_db, abs=0.3)
        assert heard.tone_db(channel, 800, 0.5, 1.5) == pytest.approx(FILM_DB - 3.01, abs=0.3)
        assert heard.tone_db(channel, 60, 0.5, 1.5) < -60
        assert heard.tone_db(other, front_hz, 0.5, 1.5) < -60


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("codec", AudioCodec)
def test_each_channel_comes_out_at_its_own_speaker(
    layout: str, codec: AudioCodec, clips: Clips, tmp_path: Path
) -> None:
    plan = SURROUND.model_copy(update={"codec": codec})

    heard = encode(clips, surround(clips, layout), tmp_path, plan)

    assert (heard.n_channels, heard.layout) == (6, "5.1")
    rear_db = FILM_DB - (3.01 if layout == "7.1" else 0)
    for channel, hz in enumerate(HZ[:6]):
        expected_db = rear_db if channel > 3 else FILM_DB
        assert heard.tone_db(channel, hz, 0.5, 1.5) == pytest.approx(expected_db, abs=0.5)
    if layout == "7.1":
        assert heard.tone_db(4, 3000, 0.5, 1.5) == pytest.approx(rear_db, abs=0.5)
        assert heard.tone_db(5, 4000, 0.5, 1.5) == pytest.approx(rear_db, abs=0.5)


def test_a_mix_of_full_channels_does_not_clip_and_is_not_late(clips: Clips, tmp_path: Path) -> None:
    full = "|".join([f"2*({chirp_at(1.0)})"] * 6)
    clip = clips.make("wav", ["-f", "lavfi", "-i", f"aevalsrc={full}:s=48000:d=2:c=5.1"])

    heard = encode(clips, clip, tmp_path)

    assert 0.85 < heard.peak() <= 1.0
    assert heard.heard_at_s(chirp()) == pytest.approx(1.0, abs=0.002)


@pytest.mark.parametrize(("channels", "wished"), [("mono", 2), ("stereo", 1)])
def test_one_channel_and_two_are_as_loud_as_each_other(
    channels: str, wished: int, clips: Clips, tmp_path: Path
) -> None:
    each = "|".join(["0.25*sin(2*PI*440*t)"] * (1 if channels == "mono" else 2))
    clip = clips.make("wav", ["-f", "lavfi", "-i", f"aevalsrc={each}:s=48000:d=1:c={channels}"])
    plan: AudioPlan = AAC.model_copy(update={"channels": wished})

    heard = encode(clips, clip, tmp_path, plan)

    assert heard.n_channels == wished
    for channel in range(wished):
        assert heard.tone_db(channel, 440, 0.2, 0.8) == pytest.approx(FILM_DB, abs=0.2)
