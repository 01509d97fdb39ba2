"""A port for RTMP that is taken: only who asked for it by name is refused for it."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from compose.entrance import open_door
from ingest.rtmp.door import Door
from pipeline.bootstrap import build
from pipeline.core.errors import Refused
from pipeline.settings import Settings


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_everything_else_goes_on_where_nobody_asked_for_the_port(
    tmp_path: Path, taken: int
) -> None:
    settings = Settings(data_dir=tmp_path, _env_file=None).model_copy(update={"rtmp_port": taken})
    # As it is where the default is taken.
    settings.model_fields_set.discard("rtmp_port")
    pipeline = build(settings)
    door = Door(pipeline)

    with capture_logs() as logs:
        assert open_door(door, settings, "http://127.0.0.1:1") == 0
    door.stop()
    pipeline.close()

    assert [line["event"] for line in logs] == ["door.shut"]
    assert "REELMILL_RTMP_PORT" in logs[0]["remedy"]


def test_who_asked_for_it_is_refused(tmp_path: Path, taken: int) -> None:
    settings = Settings(data_dir=tmp_path, rtmp_port=taken, _env_file=None)
    pipeline = build(settings)

    with pytest.raises(Refused) as raised:
        open_door(Door(pipeline), settings, "http://127.0.0.1:1")

    pipeline.close()
    assert raised.value.instance_code == "rtmp.bind"
