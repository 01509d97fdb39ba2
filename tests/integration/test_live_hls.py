"""Broadcasts become HLS while they come, whatever comes; workers and publishers may go."""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.core.live import tasks
from pipeline.services import sessions
from schemas.live import LivePace, LiveParams
from schemas.profile import Rung
from schemas.timeline import RenditionTimeline
from schemas.vocabulary import JobState
from tests.support.broadcasting import Channel
from tests.support.hand_publisher import HandPublisher
from tests.support.on_air import PROFILE, OnAir, frame_times_s, later, made_film, on_air
from tests.support.waiting import wait_until

FIT = ("-t", "7", "-g", "60")
QUIET = ("-x265-params", "log-level=none")
#: A/V drift nobody notices.
DRIFT_S = 0.04
MEDIA_ZERO_S = 10


@pytest.fixture(scope="module")
def air(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnAir]:
    with on_air(tmp_path_factory.mktemp("live")) as made:
        yield made


def whole(made: RenditionTimeline) -> Fraction:
    return sum((segment.duration_s for segment in made.segments), Fraction(0))


def breaks(made: RenditionTimeline) -> list[int]:
    return [segment.index for segment in made.segments if segment.is_discontinuous]


def sequence(text: str) -> int:
    found = re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", text)
    assert found is not None
    return int(found[1])


def test_a_source_players_take_is_passed_on_and_made_smaller(air: OnAir, tmp_path: Path) -> None:
    stream = air.channel()
    film = made_film(tmp_path / "film.flv", *FIT)

    air.publish(stream, film)
    job = air.ended(stream)

    assert job.state is JobState.SUCCEEDED
    renditions = {each.name: each for each in air.timeline(stream).renditions}
    assert list(renditions) == ["180p", "90p", "audio"]
    assert {len(each.segments) for each in renditions.values()} == {4}
    times_s = {name: frame_times_s(air.file(each)) for name, each in renditions.items()}
    # Not a frame more or less, and each at the same time.
    assert len(times_s["180p"]) == len(times_s["90p"]) == 210
    pairs = zip(times_s["180p"], times_s["90p"], strict=True)
    assert max(abs(one - other) for one, other in pairs) < 0.002
    assert abs(times_s["audio"][0] - times_s["180p"][0]) < DRIFT_S
    assert abs(times_s["audio"][-1] - times_s["180p"][-1]) < DRIFT_S
    assert all(breaks(each) == [] for each in renditions.values())


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (("-t", "7", "-g", "300"), ["180p", "90p", "audio"]),
        (("-t", "7", "-g", "60", "-an"), ["180p", "90p"]),
        (("-t", "7", "-vn"), ["audio"]),
        (("-t", "7", "-g", "60", "-c:a", "libmp3lame", "-ar", "44100"), ["180p", "90p", "audio"]),
        (("-t", "7", "-c:v", "libx265", *QUIET), ["180p", "90p", "audio"]),
    ],
    ids=["long groups", "no sound", "no picture", "mp3", "hevc"],
)
def test_whatever_comes_plays(
    air: OnAir, tmp_path: Path, flags: tuple[str, ...], names: list[str]
) -> None:
    stream = air.channel()

    air.publish(stream, made_film(tmp_path / "film.flv", *flags))

    assert air.ended(stream).state is JobState.SUCCEEDED
    renditions = air.timeline(stream).renditions
    assert [each.name for each in renditions] == names
    assert len({len(each.segments) for each in renditions}) == 1
    for rendition in renditions:
        times_s = frame_times_s(air.file(rendition))
        assert all(0 < later_s - s < 0.06 for s, later_s in pairwise(times_s))
        assert abs(times_s[-1] - times_s[0] - 7) < 0.12
        assert abs(float(whole(rendition)) - 7) < 0.12


def test_the_window_goes_along_and_ends(air: OnAir, tmp_path: Path) -> None:
    stream = air.channel(grace_s=60)
    film = made_film(tmp_path / "film.flv", "-t", "17", "-g", "30")
    master, media = (f"/live/{stream.id}/{name}.m3u8" for name in ("master", "180p"))
    status, headers, text = air.get(master)
    assert (status, headers["Retry-After"]) == (404, "5")
    assert "stream.offline" in text

    with HandPublisher(air.house.door.port, stream.secret) as publisher:
        publisher.send(film)
        wait_until(lambda: air.n_segments(stream) >= 7)
        _, _, text = air.get(master)
        lines = text.splitlines()
        assert [line for line in lines if line.endswith(".m3u8")] == [
            "180p.m3u8",
            "90p.m3u8",
            "audio.m3u8",
        ]
        assert "EXT-X-START" not in text
        _, headers, text = air.get(media)
        assert headers["Cache-Control"] == "public, max-age=1, stale-while-revalidate=2"
        assert "#EXT-X-ENDLIST" not in text
        listed = [line for line in text.splitlines() if line.endswith(".m4s")]
        assert len(listed) == 6
        assert text.count("#EXT-X-PROGRAM-DATE-TIME") == 6
        assert all(air.get(address)[0] == 200 for address in listed)
        first = sequence(text)
        deep = f"/live/{stream.id}/last-3600"
        assert air.get(f"{deep}/master.m3u8")[2] == air.get(master)[2]
        _, _, text = air.get(f"{deep}/180p.m3u8")
        assert text.count("#EXTINF") > 6
        assert sequence(text) < first
        assert air.get(f"/live/{stream.id}/last-1/180p.m3u8")[2].count("#EXTINF") == 6
        assert air.get(f"/live/{stream.id}/last-99999/180p.m3u8")[0] == 404
    asset_id = air.house.newest(stream.id).asset_id
    assert air.get(f"/media/{asset_id}/180p.m3u8")[2].count("EXTINF") > 6

    sessions.close_session(air.house.pipeline.database, air.house.newest(stream.id).id)
    air.ended(stream)
    text = air.get(media)[2]
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert sequence(text) > first


def test_other_parameters_give_a_discontinuity_and_no_end(air: OnAir, tmp_path: Path) -> None:
    stream = air.channel()
    before = made_film(tmp_path / "one.flv", "-t", "5", "-g", "60")
    after = made_film(tmp_path / "two.flv", "-t", "5", "-g", "60", size="640x360")

    air.publish(stream, [*before, *later(after, 5034)])
    air.ended(stream)

    renditions = air.timeline(stream).renditions
    assert [breaks(each) for each in renditions] == [[3], [3], [3]]
    for rendition in renditions:
        assert 9.8 < whole(rendition) < 10.2
        last = rendition.model_copy(update={"segments": rendition.segments[3:]})
        n_frames = 235 if rendition.name == "audio" else 150
        assert abs(len(frame_times_s(air.file(last))) - n_frames) < 3


def test_a_publisher_that_comes_back_goes_on_in_the_same_playlist(
    air: OnAir, tmp_path: Path
) -> None:
    stream = air.channel(grace_s=60)
    film = made_film(tmp_path / "film.flv", "-t", "5", "-g", "60")
    air.publish(stream, film)
    asset_id = air.house.newest(stream.id).asset_id
    wait_until(lambda: air.n_segments(stream) >= 2)
    first = sequence(air.get(f"/live/{stream.id}/90p.m3u8")[2])

    air.publish(stream, film)
    wait_until(lambda: air.n_segments(stream) >= 5)

    assert air.house.newest(stream.id).asset_id == asset_id
    assert sequence(air.get(f"/live/{stream.id}/90p.m3u8")[2]) >= first
    for rendition in air.timeline(stream).renditions:
        assert breaks(rendition) == [3]
        resumed = rendition.segments[3]
        ended_ms = (rendition.segments[2].start_ms or 0) + 1000 * rendition.segments[2].duration_s
        # To the millisecond that both are rounded to.
        assert (resumed.start_ms or 0) >= ended_ms - 1


def test_another_worker_goes_on_where_the_last_set_ended(air: OnAir, tmp_path: Path) -> None:
    stream = air.channel()
    film = made_film(tmp_path / "film.flv", "-t", "14", "-g", "60")
    half = next(n for n, tag in enumerate(film) if tag.timestamp_ms > 7_000)
    with HandPublisher(air.house.door.port, stream.secret) as publisher:
        publisher.send(film[:half])
        wait_until(lambda: air.n_segments(stream) >= 3)
        air.stop()
        air.worker()
        publisher.send(film[half:])
        publisher.unpublish()
    job = air.ended(stream)

    assert job.state is JobState.SUCCEEDED
    for rendition in air.timeline(stream).renditions:
        assert len({segment.key.split("/")[2] for segment in rendition.segments}) == 2
        assert breaks(rendition) == []
        times_s = frame_times_s(air.file(rendition))
        assert abs(len(times_s) - (420 if rendition.name != "audio" else 657)) < 3
        assert all(0 < later_s - s < 0.06 for s, later_s in pairwise(times_s))


def test_what_the_box_cannot_keep_up_with_is_shown_as_the_rung_below(
    air: OnAir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hurried(**given: object) -> LiveParams:
        # Always behind, and slow as soon as it can be told.
        return LiveParams(pace=LivePace(behind_ms=-(10**9), slow_s=0), **given)  # type: ignore[arg-type]

    monkeypatch.setattr(tasks, "LiveParams", hurried)
    ladder = (*PROFILE.ladder, Rung(name="44p", height_px=44, bitrate_bps=60_000))
    stream = air.channel(PROFILE.model_copy(update={"ladder": ladder}))
    film = made_film(tmp_path / "film.flv", "-t", "12", "-g", "60")
    with HandPublisher(air.house.door.port, stream.secret) as publisher:
        publisher.send(film[: len(film) // 2])
        wait_until(lambda: _thinned(air, stream) == ["90p", "44p"])
        publisher.send(film[len(film) // 2 :])
        publisher.unpublish()
    air.ended(stream)

    renditions = {each.name: each for each in air.timeline(stream).renditions}
    assert len({len(each.segments) for each in renditions.values()}) == 1
    # The source goes on; what stands for the others is the same picture at their own address.
    assert len(frame_times_s(air.file(renditions["180p"]))) == 360
    last = {name: each.segments[-1] for name, each in renditions.items()}
    assert last["90p"].init_sha256 == last["44p"].init_sha256 == last["180p"].init_sha256
    assert len({each.key for each in last.values()}) == 4
    assert len({tuple(breaks(each)) for each in renditions.values()}) == 1


def _thinned(air: OnAir, stream: Channel) -> list[str]:
    found: list[str] = air.house.newest(stream.id).live_facts.get("thinned", [])
    return found


def test_nothing_usable_ends_with_its_code(air: OnAir, tmp_path: Path) -> None:
    stream = air.channel()
    film = made_film(tmp_path / "film.flv", "-t", "1", "-g", "60")

    # The headers alone.
    air.publish(stream, film[:3])

    job = air.ended(stream)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "live.nothing_usable"
