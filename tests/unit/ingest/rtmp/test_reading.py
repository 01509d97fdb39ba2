"""While the disk is full workers get what viewers get, with no tag twice and none left out."""

from pathlib import Path
from threading import Thread

from ingest.rtmp.broadcast import Broadcast
from ingest.rtmp.entry import Entry
from ingest.rtmp.reading import reading
from ingest.rtmp.spool.shelf import Shelf
from ingest.rtmp.spool.writer import SpoolWriter
from pipeline.core.flv import tags as flv
from pipeline.core.flv.tags import Tag, TagReader
from tests.support.made_tags import broadcast
from tests.support.waiting import wait_until


class Losing:
    """A session whose disk got full."""

    def __init__(self, folder: Path) -> None:
        self.shelf = Shelf(folder)
        self.broadcast = Broadcast()
        self.is_losing = False

    def publish(self, tags: list[Tag], writer: SpoolWriter | None) -> None:
        for tag in tags:
            entry = Entry.of(tag.kind, tag.timestamp_ms, tag.payload)
            self.broadcast.publish([entry])
            if writer is not None:
                writer.append([entry])


def test_a_worker_goes_on_behind_what_is_kept(tmp_path: Path) -> None:
    sent = list(broadcast(seconds=6))
    held = Losing(tmp_path / "s")
    writer = SpoolWriter(held.shelf, 1, lambda _piece: None, name="test")
    held.publish(sent[:161], writer)
    writer.close()
    writer.join(10)
    # Past it: in the same group of pictures, which viewers who join now get whole.
    held.publish(sent[161:171], None)
    blocks: list[bytes] = []
    worker = Thread(target=lambda: blocks.extend(reading(held, 0, lambda: True)))  # type: ignore[arg-type]
    worker.start()
    wait_until(lambda: sum(map(len, blocks)) > 10_000)
    held.is_losing = True
    wait_until(lambda: held.broadcast.n_subscriptions == 1)
    held.publish(sent[171:], None)
    held.broadcast.end()
    worker.join(10)

    came = TagReader().receive_data(b"".join(blocks))
    coded = [tag for tag in came if flv.is_coded(tag.kind, tag.payload)]
    assert coded == sent[3:]


def test_a_worker_that_comes_while_nothing_is_kept_gets_a_whole_flv(tmp_path: Path) -> None:
    sent = list(broadcast(seconds=3))
    held = Losing(tmp_path / "s")
    held.is_losing = True
    held.publish(sent, None)
    blocks = reading(held, 2400, lambda: True)  # type: ignore[arg-type]
    begin = next(blocks) + next(blocks)
    held.broadcast.end()

    came = TagReader().receive_data(begin + b"".join(blocks))

    coded = [tag for tag in came if flv.is_coded(tag.kind, tag.payload)]
    assert coded == [tag for tag in sent[3:] if tag.timestamp_ms >= 2400]
    assert len(came) == len(coded) + 3
