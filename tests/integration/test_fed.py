"""ffmpeg fed through its standard input: nobody waits for it, and it may die."""

import time
from pathlib import Path

import psutil
import pytest

from pipeline.core.errors import MediaError, WorkFailed
from pipeline.settings import Settings
from tests.support.live_house import film
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.fed import FedFfmpeg
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.tools import find

FFMPEG = find(Settings(_env_file=None))[0]
LIMITS = Limits(wall_s=60.0, stall_s=20.0)
COPY = ["-protocol_whitelist", "file,pipe", "-f", "flv", "-i", "pipe:0", "-c", "copy", "out.mp4"]


def fed(folder: Path, argv: list[str], limits: Limits = LIMITS) -> FedFfmpeg:
    return FedFfmpeg(argv, program=FFMPEG, cage=Cage(folder), limits=limits)


def through(ffmpeg: FedFfmpeg, timeout_s: float = 20.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not ffmpeg.is_over:
        assert time.monotonic() < until_s
        ffmpeg.pump(0.1)


def test_it_reads_what_it_is_given_to_its_end(tmp_path: Path) -> None:
    data = film(tmp_path / "film.flv").read_bytes()

    with fed(tmp_path, COPY) as ffmpeg:
        for at in range(0, len(data), 100_000):
            ffmpeg.add(data[at : at + 100_000])
            ffmpeg.pump(0.0)
        ffmpeg.end()
        through(ffmpeg)

    assert (tmp_path / "out.mp4").stat().st_size > 10_000
    assert ffmpeg.cpu_s > 0


def test_adding_never_waits(tmp_path: Path) -> None:
    with fed(tmp_path, COPY) as ffmpeg:
        began_s = time.monotonic()
        ffmpeg.add(bytes(64 * 2**20))
        assert time.monotonic() - began_s < 1.0
        assert ffmpeg.waiting_bytes == 64 * 2**20


def test_what_it_cannot_read_ends_it_with_an_error_of_ours(tmp_path: Path) -> None:
    with fed(tmp_path, COPY) as ffmpeg:
        ffmpeg.add(b"no FLV at all" * 100_000)
        ffmpeg.end()
        with pytest.raises(MediaError):
            through(ffmpeg)


def test_one_that_was_killed_is_no_broken_pipe(tmp_path: Path) -> None:
    # Servers of other tests are children too.
    others = set(psutil.Process().children(recursive=True))
    with fed(tmp_path, COPY) as ffmpeg:
        ffmpeg.add(film(tmp_path / "film.flv").read_bytes())
        for child in set(psutil.Process().children(recursive=True)) - others:
            child.kill()
        ffmpeg.add(bytes(2**20))
        with pytest.raises(WorkFailed):
            through(ffmpeg)
