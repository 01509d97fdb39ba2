"""Publishers that send what no encoder should: all at once, each to a recording that is true."""

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag
from tests.support.live_fleet import LiveFleet
from tests.support.live_viewer import Viewer
from tests.support.odd_films import changing, jumping, only, silent
from tests.support.recorded import Recorded
from tests.support.streamer import Due, Streamer, laps, numbered_film

_LAP = 600
_NOT_LONG_S = 12.0
Check = Callable[[Recorded, float], None]


@dataclass(frozen=True)
class Odd:
    """A publisher, and what has to become of what it sends in so many seconds."""

    what: Iterable[Due]
    check: Check
    #: Viewers see nothing new for so long.
    wait_s: float = _NOT_LONG_S


def _all_is_there(recorded: Recorded, sent_s: float) -> None:
    for rung in recorded.pictures:
        shown = [number for stretch in recorded.shown(rung) for number in stretch]
        assert shown == [number % _LAP for number in range(len(shown))]
        assert len(shown) / 25 == pytest.approx(sent_s, abs=0.6)
    assert recorded.gaps_s() == []


def _is_sound_alone(recorded: Recorded, sent_s: float) -> None:
    assert recorded.pictures == []
    assert recorded.played_s() == pytest.approx(sent_s, abs=0.6)
    assert recorded.gaps_s() == []


def _is_picture_alone(recorded: Recorded, sent_s: float) -> None:
    assert recorded.sound is None
    _all_is_there(recorded, sent_s)


def _is_when_it_was(recorded: Recorded, sent_s: float) -> None:
    """Each picture is shown when it was taken, whatever lies between them."""
    for rung in recorded.pictures:
        shown = [one for run in recorded.numbers(rung) for one in run]
        assert shown[-1][0] - shown[0][0] == pytest.approx(sent_s, abs=0.6)
        # Those that stand are shown again and again.
        news = [shown[0], *(one for before, one in pairwise(shown) if one[1] != before[1])]
        late_s = [at_s - shown[0][0] - number / 25 for at_s, number in news]
        assert max(map(abs, late_s)) < 0.05, rung.name


def _is_one_after_the_other(at_number: int) -> Check:
    def check(recorded: Recorded, sent_s: float) -> None:
        for rung in recorded.pictures:
            shown = [number for stretch in recorded.shown(rung) for number in stretch]
            before, after = shown[:at_number], shown[at_number:]
            assert before == list(range(at_number))
            assert after == list(range(len(after)))
            assert len(shown) / 25 == pytest.approx(sent_s, abs=0.6)
        first = recorded.pictures[0].segments
        assert sum(segment.is_discontinuous for segment in first) == 1

    return check


def _odd_ones(film: list[Tag], folder: Path, times: int) -> dict[str, Odd]:
    """Make them; all their times are so many times as long."""
    sparse = numbered_film(folder / "sparse.flv", keys="0,1,2,3,4,14")
    variable = numbered_film(folder / "variable.flv", kept="lt(mod(n,10),3)+eq(mod(n,10),5)")
    small = numbered_film(folder / "small.flv", size=(192, 108))
    jumps = (4_000, 3_600_000), (8_000, -1_800_000)
    return {
        "sound alone": Odd(only(laps(film), MediaKind.AUDIO), _is_sound_alone),
        "picture alone": Odd(only(laps(film), MediaKind.VIDEO), _is_picture_alone),
        "variable rate": Odd(laps(variable), _is_when_it_was),
        "sparse keyframes": Odd(laps(sparse), _all_is_there, 10.0 * times + _NOT_LONG_S),
        "jumping clock": Odd(jumping(laps(film), *jumps), _all_is_there),
        "silence": Odd(silent(laps(film), 4_000, 9_000), _is_when_it_was, 5 + _NOT_LONG_S),
        "other size": Odd(changing(laps(film), laps(small), 6_000), _is_one_after_the_other(150)),
    }


def _publish_all(air: LiveFleet, odd: dict[str, Odd], length_s: float, folder: Path) -> None:
    api = air.open(slots=len(odd))
    streams = {name: air.stream() for name in odd}
    port = air.ingests[0].rtmp_port
    sending = {name: Streamer(port, streams[name].key, one.what) for name, one in odd.items()}
    with ExitStack() as watching:
        viewers = {}
        for name, stream in streams.items():
            air.wait_for_segments(stream, 1)
            viewer = Viewer(air.watched_at(api, stream))
            viewers[name] = watching.enter_context(viewer)
        began_at_s = max(one.began_at_s for one in sending.values())
        time.sleep(max(0.0, began_at_s + length_s - time.monotonic()))
        assert [name for name, one in sending.items() if not one.is_on] == []
        sent_s = {name: one.cut() - one.began_at_s for name, one in sending.items()}
        air.close_sessions(*streams.values())
        took_s = air.wait_for_recordings(*streams.values())
    print(f"recordings there after {took_s:.1f} s")
    air.wait_for_whole_recordings(*streams.values())

    wrong = []
    for name, one in odd.items():
        recorded = Recorded(air.pipeline, air.session(streams[name]).asset_id, folder / "whole")
        viewer = viewers[name]
        print(f"{name}: longest wait {viewer.longest_wait_s():.1f} s, {viewer.answers}")
        warnings = air.asset(streams[name]).warnings
        print([warning.detail for warning in warnings])
        try:
            assert viewer.faults == []
            assert viewer.longest_wait_s() < one.wait_s
            one.check(recorded, sent_s[name])
            assert "recording.incomplete" not in {warning.code for warning in warnings}
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(200)
def test_odd_publishers(air: LiveFleet, film: list[Tag], tmp_path: Path) -> None:
    _publish_all(air, _odd_ones(film, tmp_path, 1), 16.0, tmp_path)
