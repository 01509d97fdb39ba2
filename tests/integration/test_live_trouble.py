"""Publishers whose pictures or sound stop for a while: what is shown goes on, and together."""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import is_keyframe, is_sequence_header
from pipeline.core.flv.tags import Tag
from schemas.timeline import RenditionTimeline
from schemas.vocabulary import JobState
from tests.support.broadcasting import Channel
from tests.support.hand_publisher import HandPublisher
from tests.support.on_air import OnAir, later, made_film, on_air
from tests.support.waiting import wait_until

FRAME_S = 0.06
LENGTH_S = 12


@pytest.fixture(scope="module")
def air(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnAir]:
    with on_air(tmp_path_factory.mktemp("live")) as made:
        yield made


def without(film: list[Tag], kind: MediaKind, from_ms: int, until_ms: int) -> list[Tag]:
    """Leave out a stretch; what sets decoders up stays."""
    return [
        tag
        for tag in film
        if tag.kind is not kind
        or is_sequence_header(tag.kind, tag.payload)
        or not from_ms <= tag.timestamp_ms < until_ms
    ]


def renditions(air: OnAir, stream: Channel) -> dict[str, RenditionTimeline]:
    assert air.ended(stream).state is JobState.SUCCEEDED
    return {each.name: each for each in air.timeline(stream).renditions}


def longest_step_s(times_s: list[float]) -> float:
    return max(after_s - at_s for at_s, after_s in pairwise(times_s))


def check_breaks(made: RenditionTimeline) -> None:
    """Check that it breaks off once at most: where the source is no longer passed on."""
    assert sum(segment.is_discontinuous for segment in made.segments) <= 1
    for one, other in pairwise(made.segments):
        assert other.is_discontinuous or one.init_sha256 == other.init_sha256


def check_whole(air: OnAir, made: dict[str, RenditionTimeline]) -> dict[str, list[float]]:
    """Check that all goes on from beginning to end; tell frames' times."""
    times_s = {name: air.shown_s(each) for name, each in made.items()}
    assert list(times_s) == ["180p", "90p", "audio"]
    for name, each in made.items():
        assert times_s[name] == sorted(times_s[name])
        check_breaks(each)
        assert abs(float(sum(s.duration_s for s in each.segments)) - LENGTH_S) < 0.15
    assert longest_step_s(times_s["audio"]) < FRAME_S
    return times_s


def test_keyframes_that_stay_away_for_eight_seconds(air: OnAir, tmp_path: Path) -> None:
    stream = air.channel()
    at = "0,2,10"
    film = made_film(tmp_path / "film.flv", "-t", "12", "-g", "999", "-force_key_frames", at)

    air.publish(stream, film)

    times_s = check_whole(air, renditions(air, stream))
    assert len(times_s["180p"]) == len(times_s["90p"]) == 360
    assert longest_step_s(times_s["180p"]) < FRAME_S


@pytest.mark.parametrize(
    "flags", [("-g", "30"), ("-g", "999", "-force_key_frames", "0,7")], ids=["passed on", "encoded"]
)
def test_a_picture_that_hesitates_stands_still(
    air: OnAir, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    stream = air.channel()
    film = made_film(tmp_path / "film.flv", "-t", "12", *flags)

    air.publish(stream, without(film, MediaKind.VIDEO, 4_000, 7_000))

    times_s = check_whole(air, renditions(air, stream))
    for name in ("180p", "90p"):
        assert max(times_s[name]) - min(times_s[name]) == pytest.approx(12, abs=0.15)
    pairs = zip(times_s["180p"], times_s["90p"], strict=True)
    assert max(abs(one - other) for one, other in pairs) < 0.002


def test_sound_that_stops_is_silence(air: OnAir, tmp_path: Path) -> None:
    stream = air.channel()
    film = made_film(tmp_path / "film.flv", "-t", "12", "-g", "60")

    air.publish(stream, without(film, MediaKind.AUDIO, 3_000, 7_000))

    times_s = check_whole(air, renditions(air, stream))
    assert len(times_s["180p"]) == 360


def test_both_stop_and_go_on(air: OnAir, tmp_path: Path) -> None:
    stream = air.channel()
    film = made_film(tmp_path / "film.flv", "-t", "8", "-g", "60")
    first = [tag for tag in film if tag.timestamp_ms < 4_000]
    rest = [tag for tag in film if tag.timestamp_ms >= 4_000]
    with HandPublisher(air.house.door.port, stream.secret) as publisher:
        publisher.send(first)
        # Its clock goes on meanwhile, as encoders' clocks do.
        time.sleep(4)
        publisher.send(later(rest, 4_000))
        publisher.unpublish()

    times_s = check_whole(air, renditions(air, stream))
    # The last picture is held.
    assert len(times_s["180p"]) == len(times_s["90p"])
    assert longest_step_s(times_s["180p"]) < FRAME_S


@pytest.mark.parametrize("gop", ["60", "360"], ids=["passed on", "encoded"])
def test_sound_goes_on_where_pictures_stop_for_long(air: OnAir, tmp_path: Path, gop: str) -> None:
    stream = air.channel()
    film = made_film(tmp_path / "film.flv", "-t", "12", "-g", gop)
    long = made_film(tmp_path / "long.flv", "-t", "30", "-vn", "-c:a", "aac")
    pictures = [tag for tag in film if tag.kind is MediaKind.VIDEO]
    before = [tag for tag in pictures if tag.timestamp_ms < 5_000]
    # It does not come back with a keyframe.
    after = later([tag for tag in pictures if 5_000 <= tag.timestamp_ms < 10_000], 20_000)
    sound = [tag for tag in long if tag.kind is MediaKind.AUDIO]
    key_ms = [tag.timestamp_ms for tag in after if is_keyframe(tag.kind, tag.payload)]
    mixed = sorted([*before, *after, *sound], key=lambda tag: tag.timestamp_ms)
    n = next(n for n, tag in enumerate(mixed) if tag.timestamp_ms > 20_000)

    with HandPublisher(air.house.door.port, stream.secret) as publisher:
        publisher.send(mixed[:n])
        # Viewers get sound and a still picture while pictures are away.
        wait_until(lambda: air.n_segments(stream) >= 8)
        publisher.send(mixed[n:])
        publisher.unpublish()

    made = renditions(air, stream)
    times_s = {name: air.shown_s(each) for name, each in made.items()}
    assert len({len(each.segments) for each in made.values()}) == 1
    assert longest_step_s(times_s["audio"]) < FRAME_S
    for name in ("180p", "90p"):
        assert max(float(s.duration_s) for s in made[name].segments) < 6
        assert longest_step_s(times_s[name]) < FRAME_S
        check_breaks(made[name])
        if key_ms:
            n_after = sum(at_s * 1000 > 10_000 + key_ms[0] - 10 for at_s in times_s[name])
            assert n_after == pytest.approx(30_000 / 1000 * 30 - key_ms[0] * 30 / 1000, abs=4)
