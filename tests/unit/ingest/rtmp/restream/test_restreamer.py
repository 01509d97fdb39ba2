"""One beat that breaks is not the last."""

import asyncio
from pathlib import Path
from typing import Any

from ingest.rtmp.restream.restreamer import Restreamer
from pipeline.core.restream import rules_of
from pipeline.database.sql import SqlDatabase
from pipeline.services.safe import Safe
from schemas.streams import StreamId


def test_what_nobody_thought_of_ends_no_pushing(tmp_path: Path) -> None:
    asyncio.run(beats_on(tmp_path))


async def beats_on(folder: Path) -> None:
    is_asked_again, n_calls = asyncio.Event(), 0

    async def call(*_: object) -> list[object]:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 1:
            raise ValueError("nobody thought of this")
        is_asked_again.set()
        return []

    sources: dict[StreamId, Any] = {StreamId("one"): None}
    database, safe = SqlDatabase(f"sqlite:///{folder / 'x.db'}"), Safe.of(b"secret", "test")
    restreamer = Restreamer(database, safe, rules_of(""), lambda: sources, call, beat_s=0.01)
    running = asyncio.create_task(restreamer.run())
    await asyncio.wait(
        {running, asyncio.ensure_future(is_asked_again.wait())},
        timeout=10,
        return_when=asyncio.FIRST_COMPLETED,
    )
    assert is_asked_again.is_set()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    database.close()
