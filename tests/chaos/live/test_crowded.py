"""Several broadcasts on one box, each looked at twice a second from its beginning to its end."""

import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import pytest

from pipeline.core.flv.tags import Tag
from schemas.profile import AudioWish, Profile, Rung
from tests.support.live_fleet import LiveFleet
from tests.support.live_viewer import Viewer
from tests.support.recorded import Recorded
from tests.support.streamer import Streamer, laps, numbered_film

_PROFILE = Profile(
    name="crowded",
    ladder=(
        Rung(name="360p", height_px=360, bitrate_bps=800_000),
        Rung(name="240p", height_px=240, bitrate_bps=400_000),
    ),
    audio=AudioWish(bitrate_bps=64_000),
    preset="ultrafast",
    segment_s=2,
)
#: Most that sound may be away from its picture.
_DRIFT_S = 0.040


def _broadcast(
    air: LiveFleet, film: list[Tag], folder: Path, *, n_streams: int, length_s: float
) -> None:
    api = air.open(slots=n_streams)
    streams = [air.stream(_PROFILE) for _ in range(n_streams)]
    port = air.ingests[0].rtmp_port
    sending = [Streamer(port, stream.key, laps(film)) for stream in streams]
    with ExitStack() as watching:
        for stream in streams:
            air.wait_for_segments(stream, 1)
        viewers = [
            watching.enter_context(Viewer(air.watched_at(api, stream))) for stream in streams
        ]
        time.sleep(length_s)
        assert all(one.is_on for one in sending)
        sent_s = [one.cut() - one.began_at_s for one in sending]
        air.close_sessions(*streams)
        took_s = air.wait_for_recordings(*streams)
    print(f"recordings there after {took_s:.1f} s")
    air.wait_for_whole_recordings(*streams, timeout_s=60 + 3 * length_s)

    for stream, viewer, length in zip(streams, viewers, sent_s, strict=True):
        assert viewer.faults == []
        assert set(viewer.answers) == {200}
        recorded = Recorded(air.pipeline, air.session(stream).asset_id, folder / "whole")
        assert [rung.name for rung in recorded.pictures] == ["360p", "240p"]
        assert recorded.gaps_s() == []
        for rung in recorded.pictures:
            (shown,) = recorded.shown(rung)
            assert shown == [number % 600 for number in range(len(shown))]
            assert len(shown) / 25 == pytest.approx(length, abs=0.6)
            drifts_s = recorded.drifts_s(rung)
            assert len(drifts_s) > length
            worst_s = max(map(abs, drifts_s))
            print(f"{rung.name}: off by {median(drifts_s):.4f} s, at most {worst_s:.4f} s")
            assert worst_s <= _DRIFT_S
        print(f"longest wait {viewer.longest_wait_s():.1f} s, {viewer.n_fetched} fetched")


@pytest.fixture(scope="module")
def wide_film(tmp_path_factory: pytest.TempPathFactory) -> list[Tag]:
    return numbered_film(tmp_path_factory.mktemp("wide") / "film.flv", size=(640, 360))


@pytest.mark.timeout(150)
def test_four_broadcasts_at_once(air: LiveFleet, wide_film: list[Tag], tmp_path: Path) -> None:
    _broadcast(air, wide_film, tmp_path, n_streams=4, length_s=20.0)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_ten_broadcasts_for_three_minutes(
    air: LiveFleet, wide_film: list[Tag], tmp_path: Path
) -> None:
    _broadcast(air, wide_film, tmp_path, n_streams=10, length_s=180.0)
