"""Doors, workers and an API of one's own for each scenario, and a film to publish."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.core.flv.tags import Tag
from tests.support.fleet import Servers
from tests.support.live_fleet import LiveFleet
from tests.support.streamer import numbered_film


@pytest.fixture
def air(servers_of_fleet: Servers, measured: Path, tmp_path: Path) -> Iterator[LiveFleet]:
    with LiveFleet(tmp_path / "air", servers_of_fleet, measured) as made:
        yield made


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> list[Tag]:
    """Pictures with their numbers and beeps beside them, a keyframe each second."""
    return numbered_film(tmp_path_factory.mktemp("film") / "film.flv")
