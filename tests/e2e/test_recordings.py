"""A broadcast becomes a recording, by way of the whole house: door, live task, record, proofs."""

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.house import House, running_house
from tests.support.live_house import film, publisher
from tests.support.ports import free_port
from tests.support.waiting import wait_until

#: Watchable as a whole so soon after its end.
SOON_S = 5.0


class Air:
    """A stream of a house, and what is recorded of it."""

    def __init__(self, house: House, rtmp_port: int) -> None:
        self.http = httpx.Client(base_url=house.url, timeout=30)
        self._rtmp_port = rtmp_port
        self.stream_id, self.key = "", ""

    def close(self) -> None:
        self.http.close()

    def prepare(self, **changes: Any) -> None:
        """Set one up."""
        made = self.http.post("/api/streaming/start", json={"title": "Talk"}).json()
        self.stream_id, self.key = made["stream"]["id"], made["key"]["key"]
        if changes:
            self.http.patch(f"/api/streams/{self.stream_id}", json=changes).raise_for_status()

    @property
    def address(self) -> str:
        """Where to publish."""
        return f"rtmp://127.0.0.1:{self._rtmp_port}/live/{self.key}"

    def session(self) -> dict[str, Any] | None:
        """Show the newest broadcast."""
        found = self.http.get(f"/api/streams/{self.stream_id}").json()["sessions"]
        return dict(found[0]) if found else None

    def asset(self) -> dict[str, Any]:
        """Show what it is recorded as."""
        session = self.session()
        assert session is not None
        return dict(self.http.get(f"/api/assets/{session['assetId']}").json())

    def media(self, name: str) -> str:
        """Read a playlist of the recording; nothing, where there is none yet."""
        answer = self.http.get(f"/media/{self.asset()['id']}/{name}")
        return answer.text if answer.is_success else ""

    def is_whole(self) -> bool:
        """Tell whether every playlist has an end."""
        names = [line for line in self.media("master.m3u8").splitlines() if line.endswith(".m3u8")]
        return bool(names) and all("#EXT-X-ENDLIST" in self.media(name) for name in names)

    def is_proven(self) -> bool:
        return self.asset()["certificate"] in {"passed", "failed"}


def test_a_broadcast_is_watched_at_once_and_complete_soon_after(tmp_path: Path) -> None:
    port = free_port()
    source = film(tmp_path / "film.flv", seconds=8)
    with (
        running_house(tmp_path / "data", REELMILL_RTMP_PORT=port) as house,
        closing(Air(house, port)) as air,
    ):
        air.prepare()
        with publisher(source, air.address, is_paced=True) as sending:
            assert sending.wait(30) == 0
        air.http.post("/api/streaming/stop", json={"streamId": air.stream_id}).raise_for_status()
        ended_at = time.monotonic()
        wait_until(air.is_whole, timeout_s=30)
        took_s = time.monotonic() - ended_at
        wait_until(air.is_proven, timeout_s=60)
        asset = air.asset()
        manifest = air.media("manifest.mpd")

    assert took_s < SOON_S * 2  # others may be at work on this box; it is measured in the bench
    assert asset["state"] == "ready"
    assert asset["certificate"] == "passed"
    assert asset["warnings"] == []
    assert asset["download_url"]
    assert asset["storyboard_url"]
    assert asset["poster_url"]
    assert "<Period " in manifest


@pytest.mark.soak
def test_a_house_that_is_killed_loses_no_more_than_two_seconds(tmp_path: Path) -> None:
    port = free_port()
    source = film(tmp_path / "film.flv", seconds=60)
    with (
        running_house(tmp_path / "data", is_killed=True, REELMILL_RTMP_PORT=port) as house,
        closing(Air(house, port)) as air,
    ):
        air.prepare(graceS=5)
        with publisher(source, air.address, is_paced=True) as sending:
            wait_until(lambda: air.session() is not None, timeout_s=20)
            sent_at = time.monotonic()
            time.sleep(14)  # what is sent meanwhile is what the test is about
            house.process.kill()
            sent_s = time.monotonic() - sent_at
            sending.wait(20)
    with (
        running_house(tmp_path / "data", REELMILL_RTMP_PORT=port) as house,
        closing(Air(house, port)) as again,
    ):
        again.stream_id = air.stream_id
        wait_until(again.is_proven, timeout_s=90)
        asset = again.asset()

    assert asset["state"] == "ready"
    assert asset["certificate"] == "passed"
    start, _, rest = asset["facts"]["duration_s"].partition("/")
    assert int(start) / int(rest or 1) > sent_s - 2
