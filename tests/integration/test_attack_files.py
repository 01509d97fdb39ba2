"""Files that point elsewhere: nothing else is opened and nobody is called, whatever comes of them.

Each goes through the real probe and through the real encode, which is told that it is an ordinary
clip, as if the probe had been fooled. Then it goes to a bare ffmpeg without any flag of ours: the
cage alone must hold, as on the day when somebody finds a way around the flags.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from pipeline.core import chunks, ladder
from pipeline.core.errors import ReelmillError
from pipeline.settings import Settings
from schemas.tasks import EncodeParams, ProbeParams
from tests.support import attacks
from tests.support.benches import FolderBench
from tests.support.clips import Clip, Clips
from tests.support.lavfi import X264, make, picture
from tests.support.made_chunks import PROFILE, SOURCE
from tests.support.trap import MARK, Trap
from tests.support.waiting import wait_until
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import capture
from workers.ffmpeg.tools import find
from workers.steps import encode, probe

FFMPEG, _ = find(Settings())
LIMITS = Limits(wall_s=20.0, stall_s=10.0, memory_bytes=2**30, scratch_bytes=2**24)
EVERYTHING = "file,http,tcp,data,crypto,concat,subfile,rtp,udp,rtmp,gopher"
#: Beginning of an attack's name → what would make ffmpeg fall for it.
WISHED = {
    "hls": ["-f", "hls", "-allowed_extensions", "ALL", "-extension_picky", "0"],
    "ffconcat absolute": ["-f", "concat", "-safe", "0"],
    "ffconcat http": ["-f", "concat", "-safe", "0"],
    "concat": ["-f", "concat"],
    "m3u": ["-f", "hls", "-allowed_extensions", "ALL", "-extension_picky", "0"],
    "mov": ["-enable_drefs", "1", "-use_absolute_path", "1"],
    "mp4 reference": ["-enable_drefs", "1", "-use_absolute_path", "1"],
}
#: Attacks that such an ffmpeg falls for: the proof that the traps work.
EFFECTIVE = (
    *("hls beside", "hls absolute", "hls http", "hls of hls", "hls map"),
    *("hls key", "hls key from a file", "m3u", "dash beside", "dash http"),
    *("ffconcat beside", "ffconcat absolute", "ffconcat http", "concat list"),
    *("mov alias", "a pattern", "an index of subtitles"),
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("clip")
    mark = ["-metadata", f"title={MARK.decode()}"]
    return Clips(folder).read(make(folder / "canary.mp4", *picture(1), *X264, *mark))


@pytest.fixture
def trap(clip: Clip, tmp_path: Path) -> Iterator[Trap]:
    with Trap(tmp_path / "there", clip.path.read_bytes()) as laid:
        yield laid


@pytest.mark.parametrize("attack", attacks.ATTACKS)
def test_no_canary_is_read_or_called(attack: str, trap: Trap, clip: Clip, tmp_path: Path) -> None:
    path = trap.folder / attacks.lay(attack, trap)
    said = [
        try_probe(FolderBench(tmp_path / "probe", path)),
        try_encode(FolderBench(tmp_path / "encode", path), clip),
        try_bare(attack, path, tmp_path / "bare"),
    ]

    assert trap.sprung() == set()
    assert not [one for one in said if MARK.decode() in one]
    made = [each for each in tmp_path.rglob("*") if each.is_file() and trap.folder != each.parent]
    own = MARK in path.read_bytes()
    assert [each for each in made if MARK in each.read_bytes() and not own] == []


@pytest.mark.parametrize("attack", EFFECTIVE)
def test_its_trap_springs_where_there_is_no_cage(attack: str, trap: Trap) -> None:
    path = trap.folder / attacks.lay(attack, trap)
    command = [FFMPEG, "-nostdin", "-loglevel", "quiet", *bare(attack, path)]

    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=trap.folder) as fooled:
        # Whom it calls never answers, so it would wait for ever.
        wait_until(lambda: trap.sprung() or fooled.poll() is not None)
        fooled.kill()

    assert trap.sprung()


def try_probe(bench: FolderBench) -> str:
    try:
        return repr(probe.run(ProbeParams(source=SOURCE), bench))
    except ReelmillError as error:
        return error.detail


def try_encode(bench: FolderBench, clip: Clip) -> str:
    """Encode as if the probe had taken the file for an ordinary clip."""
    video = clip.facts.video
    assert video is not None
    grid = chunks.grid(clip.facts, PROFILE)
    params = EncodeParams(
        source=SOURCE,
        facts=clip.facts,
        grid=grid,
        rungs=ladder.fit(PROFILE.ladder, video, PROFILE.video_codec, PROFILE.crf)[-1:],
        chunk=chunks.cut(grid, clip.facts, PROFILE)[0],
        preset="ultrafast",
    )
    try:
        return repr(encode.run(params, bench))
    except ReelmillError as error:
        return error.detail


def try_bare(attack: str, path: Path, scratch: Path) -> str:
    scratch.mkdir()
    cage = Cage(scratch, (path,))
    try:
        answer = capture(bare(attack, path), program=FFMPEG, cage=cage, limits=LIMITS, stop=Event())
    except ReelmillError as error:
        return error.detail
    return answer.decode(errors="replace")


def bare(attack: str, path: Path) -> list[str]:
    """Open the file as the attacker would like it opened."""
    return [
        *("-protocol_whitelist", EVERYTHING),
        *next((flags for name, flags in WISHED.items() if attack.startswith(name)), ()),
        *("-i", str(path), "-map", "0", "-c", "copy", "-t", "1", "-f", "framemd5", "-"),
    ]
