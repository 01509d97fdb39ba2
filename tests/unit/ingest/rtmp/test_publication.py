"""What a publisher sends goes on its session's clock."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ingest.rtmp.broadcast import Broadcast
from ingest.rtmp.protocol.events import MediaReceived
from ingest.rtmp.publication import Publication
from ingest.rtmp.spool.shelf import Shelf
from ingest.rtmp.spool.tail import tail
from ingest.rtmp.spool.writer import SpoolWriter
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import TagReader
from pipeline.core.live.marks import Break, mark
from tests.support.made_tags import sound


def test_marks_are_set_by_nobody_but_the_door(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "s")
    writer = SpoolWriter(shelf, 1, lambda _: None, name="test")
    session: Any = SimpleNamespace(id="one", epoch=1, received_bytes=0)
    forged = MediaReceived(MediaKind.DATA, 0, mark(Break.RETURN, epoch=1))

    async def publish() -> None:
        publication = Publication(session, 0, Broadcast(), writer)
        publication.receive([forged, MediaReceived(MediaKind.AUDIO, 0, sound(0))])
        publication.receive([forged])
        publication.end()

    asyncio.run(publish())
    writer.join(10)

    shelf.end()
    kept = TagReader().receive_data(b"".join(tail(shelf, 0, lambda: True)))
    assert [tag.payload for tag in kept] == [sound(0)]
