"""Loudness by profile: what comes out is as loud as asked, as long as the source, and in time."""

import re
from pathlib import Path
from threading import Event

import pytest

from schemas.plan import LoudnessPlan
from tests.support.benches import tools
from tests.support.clips import Clip, Clips
from tests.support.heard import chirp, chirp_at
from tests.support.sound import AAC, FRAME_S, encode
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import run

WISHED = LoudnessPlan(integrated_lufs=-16, true_peak_dbtp=-1.5)
LOUD = AAC.model_copy(update={"loudness": WISHED})
#: Quiet noise; the same with blows that stand 25 dB out of it; a tone far too loud.
KINDS = {
    "quiet": "anoisesrc=r=48000:d=8:a=0.02:c=pink:s=1,pan=stereo|FL=c0|FR=c0",
    "peaky": "anoisesrc=r=48000:d=8:a=0.04:c=pink:s=1[noise];"
    "aevalsrc='0.7*sin(2*PI*900*t)*exp(-90*mod(t\\,0.8))':s=48000:d=8[blows];"
    "[noise][blows]amix=2:normalize=0,pan=stereo|FL=c0|FR=c0",
    "too loud": "aevalsrc=0.9*sin(2*PI*997*t)|0.9*sin(2*PI*997*t):s=48000:d=8",
    "5.1": "anoisesrc=r=48000:d=8:a=0.1:c=pink:s=1,pan=5.1|FL=c0|FR=c0|FC=2*c0|LFE=c0|BL=c0|BR=c0",
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


def measured(path: Path, folder: Path) -> tuple[float, float]:
    """Loudness and true peak of a file, by a pass of ffmpeg's own."""
    words = ["-loglevel", "repeat+level+info", "-i", str(path)]
    said = run(
        [*words, "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"],
        program=tools().ffmpeg,
        cage=Cage(folder, (path,)),
        limits=Limits(wall_s=60, stall_s=60),
        stop=Event(),
    ).stderr_tail
    values = re.findall(r"(?:I|Peak):\s+(-?[\d.]+)", said)
    return float(values[0]), float(values[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_the_result_is_as_loud_as_asked(kind: str, clips: Clips, tmp_path: Path) -> None:
    clip = clips.make("wav", ["-f", "lavfi", "-i", KINDS[kind], "-c:a", "pcm_f32le"])

    heard = encode(clips, clip, tmp_path, LOUD)

    lufs, peak_dbtp = measured(tmp_path / "all.mp4", tmp_path)
    assert lufs == pytest.approx(WISHED.integrated_lufs, abs=0.5)
    # The encoder's own ripples come on top of what the limiter let through.
    assert peak_dbtp < WISHED.true_peak_dbtp + 1
    assert heard.length_s == pytest.approx(8, abs=2 * FRAME_S)


@pytest.mark.parametrize("level", ["0.05", "1.9"])
def test_a_louder_sound_is_no_later(level: str, clips: Clips, tmp_path: Path) -> None:
    noise = f"{level}*0.3*(random(0)-0.5)*gt(mod(t\\,1)\\,0.5)"
    source = f"aevalsrc={noise}+{level}*({chirp_at(2.2)}):s=44100:d=4"
    clip: Clip = clips.make("wav", ["-f", "lavfi", "-i", source, "-c:a", "pcm_f32le"])

    heard = encode(clips, clip, tmp_path, LOUD)

    assert heard.heard_at_s(chirp()) == pytest.approx(2.2, abs=0.001)
    plain = encode(clips, clip, tmp_path / "plain")
    assert heard.samples.shape == plain.samples.shape


def test_silence_stays_silent(clips: Clips, tmp_path: Path) -> None:
    clip = clips.make("wav", ["-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo:d=2"])

    assert encode(clips, clip, tmp_path, LOUD).peak() == 0
