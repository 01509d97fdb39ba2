"""Broadcasts that were thinned or encrypted, from the publisher to the recording of them."""

import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.core.live import tasks
from pipeline.services import assets, playback
from schemas.certificate import CertificateState
from schemas.live import LivePace, LiveParams
from schemas.vocabulary import Encryption, QueueName
from tests.support.broadcasting import Channel
from tests.support.hand_publisher import HandPublisher
from tests.support.hand_work import Hand
from tests.support.live_house import FFPROBE
from tests.support.on_air import PROFILE, OnAir, made_film, on_air
from tests.support.waiting import wait_until
from tests.support.whole_asset import flaws

LOCKED = PROFILE.model_copy(update={"encryption": Encryption.AES_128})


@pytest.fixture(scope="module")
def air(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnAir]:
    with on_air(tmp_path_factory.mktemp("live")) as made:
        yield made


def played_s(air: OnAir, path: str) -> list[float]:
    """Play an address; tell when its frames are shown. Fails where something does not decode."""
    command = [FFPROBE, "-v", "error", "-allowed_extensions", "ALL", "-of", "csv=p=0"]
    shown = ["-show_entries", "frame=pts_time", f"{air.house.url}{path}"]
    ended = subprocess.run([*command, *shown], capture_output=True, check=True)
    assert ended.stderr == b""
    return [float(line.split(b",")[0]) for line in ended.stdout.split()]


def thinned(air: OnAir, stream: Channel) -> list[str]:
    found: list[str] = air.house.newest(stream.id).live_facts.get("thinned", [])
    return found


def test_a_thinned_broadcast_plays_through_and_is_made_whole_afterwards(
    air: OnAir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hurried(**given: object) -> LiveParams:
        # Always behind, and slow once the first segments are there.
        return LiveParams(pace=LivePace(behind_ms=-(10**9), slow_s=3), **given)  # type: ignore[arg-type]

    monkeypatch.setattr(tasks, "LiveParams", hurried)
    stream = air.channel()
    film = made_film(tmp_path / "film.flv", "-t", "14", "-g", "999")
    n = next(n for n, tag in enumerate(film) if tag.timestamp_ms > 7_000)
    with HandPublisher(air.house.door.port, stream.secret) as publisher:
        publisher.send(film[:n])
        wait_until(lambda: thinned(air, stream) == ["180p"])
        publisher.send(film[n:])
        publisher.unpublish()
    air.ended(stream)

    asset_id = air.house.newest(stream.id).asset_id
    served = air.timeline(stream)
    large, small = served.renditions[:2]
    copies = [
        one.init_sha256 == other.init_sha256
        for one, other in zip(large.segments, small.segments, strict=True)
    ]
    assert copies == sorted(copies)
    assert 1 <= sum(copies) < len(copies)
    for each in served.renditions:
        times_s = air.shown_s(each)
        assert all(0 < later_s - at_s < 0.06 for at_s, later_s in pairwise(times_s))
        assert times_s[-1] - times_s[0] == pytest.approx(14, abs=0.12)
    # Where the first copy begins, and only there, decoders are set up anew.
    text = air.get(f"/media/{asset_id}/180p.m3u8")[2]
    assert text.count("#EXT-X-MAP") == 2
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1

    hand = Hand(air.house.pipeline, tmp_path / "hand")
    hand.work(QueueName.RECORD)
    between = assets.show(air.house.pipeline.database, asset_id)
    remade = [each.detail for each in between.warnings if each.code == "recording.remade"]
    assert remade == [f"{sum(copies)} segments of 180p are those of another rung."]
    hand.work()

    after = assets.show(air.house.pipeline.database, asset_id)
    assert after.job_id != served.job_id
    assert after.certificate is CertificateState.PASSED
    whole = playback.timeline(air.house.pipeline.database, asset_id).renditions
    assert len({each.segments[0].init_sha256 for each in whole}) == len(whole)
    assert {len({s.init_sha256 for s in each.segments}) for each in whole} == {1}


def test_an_encrypted_broadcast_plays_and_so_does_its_recording(air: OnAir, tmp_path: Path) -> None:
    stream = air.channel(LOCKED)
    film = made_film(tmp_path / "film.flv", "-t", "15", "-g", "60")

    air.publish(stream, film)
    air.ended(stream)

    asset_id = air.house.newest(stream.id).asset_id
    live = air.get(f"/live/{stream.id}/180p.m3u8")[2]
    names = re.findall(r'#EXT-X-KEY:METHOD=AES-128,URI="([^"]+)",IV=0x[0-9a-f]{32}', live)
    assert len(names) == 6
    assert len(played_s(air, f"/live/{stream.id}/90p.m3u8")) > 300
    for name, n_frames in {"180p": 450, "90p": 450, "audio": 704}.items():
        assert len(played_s(air, f"/media/{asset_id}/{name}.m3u8")) == pytest.approx(
            n_frames, abs=2
        )
    _nothing_is_clear(air, stream)

    Hand(air.house.pipeline, tmp_path / "hand").work()

    after = assets.show(air.house.pipeline.database, asset_id)
    assert after.warnings == ()
    assert flaws(air.house.pipeline, asset_id) == []
    assert after.certificate is CertificateState.PASSED
    # The file that was sent would give away what is encrypted.
    assert after.download_url is None
    assert len(played_s(air, f"/media/{asset_id}/180p.m3u8")) == 450


def _nothing_is_clear(air: OnAir, stream: Channel) -> None:
    for rendition in air.timeline(stream).renditions:
        for segment in rendition.segments:
            with air.house.pipeline.storage.open(segment.key) as blocks:
                assert b"moof" not in b"".join(blocks)[:64]
