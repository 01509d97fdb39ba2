"""A real nginx-rtmp in front of the door, configured as the README says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.services import sessions
from schemas.streams import SessionId, SessionState
from tests.support.broadcasting import channel
from tests.support.live_house import LiveHouse, film, live_house, publisher
from tests.support.nginx_rtmp import NginxRtmp
from tests.support.product import ROOT
from tests.support.waiting import wait_until

SECRET = "front-secret-front-secret"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[LiveHouse]:
    settings = {"rtmp_hook_secret": SECRET, "rtmp_hook_ends": True}
    with live_house(tmp_path / "data", **settings) as house:
        yield house


@pytest.fixture
def front(house: LiveHouse, tmp_path: Path) -> Iterator[NginxRtmp]:
    with NginxRtmp(tmp_path, as_in_the_readme(house)) as server:
        yield server


def as_in_the_readme(house: LiveHouse) -> str:
    readme = (ROOT / "README.md").read_text()
    found = re.search(r"# nginx-rtmp;.*?(application live \{.*?\}) \} \}", readme, re.DOTALL)
    assert found is not None
    said = found[1].replace("http://api:8080", house.url).replace("SECRET", SECRET)
    return said.replace("ingest:1935", f"127.0.0.1:{house.door.port}")


def test_what_it_lets_in_is_a_broadcast_here_and_ends_with_it(
    house: LiveHouse, front: NginxRtmp, tmp_path: Path
) -> None:
    stream = channel(house.pipeline.database, grace_s=600)
    source = film(tmp_path / "source.flv", seconds=3)

    with publisher(source, front.url(f"live/{stream.secret}"), is_paced=True) as sending:
        wait_until(lambda: house.running(stream.id) is not None)
        session = house.newest(stream.id)
        assert sending.wait(20) == 0
    wait_until(lambda: house.newest(stream.id).state is SessionState.CLOSED)
    wait_until(lambda: stored_ms(house, session.id) > 2000)

    assert house.newest(stream.id).id == session.id


def stored_ms(house: LiveHouse, session_id: SessionId) -> int:
    return max(
        (one.until_ms for one in sessions.pieces_of(house.pipeline.database, session_id)), default=0
    )


def test_keys_that_do_not_count_are_sent_away_by_it(
    house: LiveHouse, front: NginxRtmp, tmp_path: Path
) -> None:
    stream = channel(house.pipeline.database)
    source = film(tmp_path / "source.flv", seconds=1)

    with publisher(source, front.url(f"live/{stream.secret[:-1]}x"), is_paced=True) as sending:
        sending.wait(20)

    assert sending.returncode != 0
    assert house.running(stream.id) is None
