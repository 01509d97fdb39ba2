import pytest
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import TextMessage

from api.sockets.frames import text_frame
from schemas.events import EventsWaiting, ProgressTick
from schemas.vocabulary import JobId, TaskId


@pytest.mark.parametrize("n_rungs", [0, 3, 100, 6000])
def test_a_frame_of_any_size_is_read_back_by_a_client(n_rungs: int) -> None:
    tick = ProgressTick(
        job_id=JobId("j"),
        task_id=TaskId("t"),
        epoch=1,
        progress={f"{rung}p": 0.5 for rung in range(n_rungs)},
    )
    client = Connection(ConnectionType.CLIENT)

    client.receive_data(text_frame(tick))
    texts = [event.data for event in client.events() if isinstance(event, TextMessage)]

    assert ProgressTick.model_validate_json("".join(texts)) == tick


def test_small_frames_have_a_head_of_two_bytes() -> None:
    assert text_frame(EventsWaiting()) == b'\x81\x19{"type":"events_waiting"}'
