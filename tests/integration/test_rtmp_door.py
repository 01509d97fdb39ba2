"""Real publishers at the door: what they send is kept whole, and handed out."""

from pathlib import Path

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag
from pipeline.services import sessions
from schemas.streams import SessionState
from tests.support.broadcasting import channel
from tests.support.live_house import film, live_house, publisher, tags_of
from tests.support.waiting import wait_until


def media(tags: list[Tag]) -> list[tuple[MediaKind, bytes]]:
    return [(tag.kind, tag.payload) for tag in tags if tag.kind is not MediaKind.DATA]


def test_what_is_published_is_read_whole_by_workers(tmp_path: Path) -> None:
    source = film(tmp_path / "source.flv")
    with live_house(tmp_path / "data") as house:
        stream = channel(house.pipeline.database, grace_s=1)
        with publisher(source, house.rtmp(stream.secret)) as sending:
            assert sending.wait(20) == 0
        session = house.newest(stream.id)
        with house.read(session.id) as answer:
            wait_until(lambda: sessions.sweep_sessions(house.pipeline.database) > 0)
            data = answer.read()
        came, sent = tags_of(data), tags_of(source.read_bytes())
        session = house.newest(stream.id)

    assert session.state is SessionState.CLOSED
    # ffmpeg ends its streams with a tag of its own.
    assert media(came)[: len(media(sent)) - 1] == media(sent)[:-1]
    assert came[0].kind is MediaKind.DATA
