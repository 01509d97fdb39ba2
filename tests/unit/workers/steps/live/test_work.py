"""The live task beside programs that do not keep up."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest

from pipeline.core.errors import Stopped
from pipeline.core.flv import tags
from schemas.live import LiveParams
from schemas.plan import MediaPlan
from schemas.profile import Profile, Rung
from schemas.streams import SessionId
from tests.support.folder_bench import ASSET_ID, FolderBench, tools
from tests.support.made_tags import broadcast, written
from workers.bench import OnAir, Standing, StoredPiece
from workers.steps import live

PROFILE = Profile(name="p", ladder=(Rung(name="360p", height_px=360, bitrate_bps=800_000),))
#: More than a pipe holds, far less than what is taken in at most.
SENT = tags.header() + b"".join(map(written, broadcast(seconds=20, n_bytes=4_000)))
LASTS_S = 1.5


class _OnAir:
    """A broadcast that goes on."""

    def on_air(self) -> OnAir:
        return OnAir(1, "http://door", is_over=False)

    def pieces(self) -> list[StoredPiece]:
        return []

    @contextmanager
    def listen(self, door_url: str, from_ms: int) -> Iterator[Iterator[bytes]]:
        yield self._blocks()

    def _blocks(self) -> Iterator[bytes]:
        yield SENT
        while True:
            time.sleep(0.05)
            yield b""

    def standing(self) -> Standing:
        return Standing()

    def begin(self, plan: MediaPlan) -> MediaPlan:
        return plan

    def note(self, facts: Mapping[str, object]) -> None:
        """Nobody watches."""


class _Bench(FolderBench):
    broadcast = _OnAir()


def test_waiting_for_a_program_that_is_behind_takes_no_time_of_the_box(tmp_path: Path) -> None:
    idle = tmp_path / "ffmpeg"
    idle.write_text("#!/usr/bin/perl\nsleep 60;\n")
    idle.chmod(0o755)
    bench = _Bench(tmp_path / "bench", with_tools=tools(ffmpeg=str(idle)))
    params = LiveParams(asset_id=ASSET_ID, session_id=SessionId("s"), profile=PROFILE)
    ends = Timer(LASTS_S, bench.stop.set)
    ends.start()

    before_s = time.thread_time()
    with pytest.raises(Stopped):
        live.run(params, bench)  # type: ignore[arg-type]  # as far as used

    assert time.thread_time() - before_s < LASTS_S / 4
