"""What garbage collection may take, on both databases."""

from pathlib import Path

from pipeline.database.port import Database
from pipeline.services import housekeeping, tasks
from pipeline.services.claims import Claimed
from pipeline.storage.directory import DirectoryStore
from schemas.tasks import EncodeAudioParams, EncodeAudioResult, RenditionMade, SegmentMade
from schemas.vocabulary import QueueName
from tests.support import engine
from tests.support.waiting import wait_until


def test_what_a_lost_attempt_had_published_stays(database: Database, tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "objects")
    job = engine.submit(database)
    engine.finish(database, engine.must_claim(database, QueueName.PROBE))
    first = _claim_sound(database)
    _publish(database, store, first, 0)
    store.put_bytes(f"{first.prefix}stray", b"x", content_type="x/y")
    tasks.release_all(database)
    second = _claim_sound(database)
    _publish(database, store, second, 0, 1)
    tasks.finish(database, second.task_id, second.epoch, EncodeAudioResult(n_segments=2))

    for _ in range(2):
        housekeeping.collect_garbage(database, store, patience_s=0)

    below = f"assets/{job.asset_id}/"
    with database.read() as tx:
        visible = tx.media.keys_below(job.asset_id, below)
    assert {found.key for found in store.list(below)} == visible
    assert {f"{first.prefix}0.m4s", f"{second.prefix}1.m4s"} <= visible


def _claim_sound(database: Database) -> Claimed:
    """Claim until the sound comes: its retry is delayed, and pictures share its queue."""
    found: list[Claimed] = []

    def is_there() -> bool:
        claimed = engine.claim(database, QueueName.ENCODE_CPU)
        if claimed is not None and isinstance(claimed.params, EncodeAudioParams):
            found.append(claimed)
        return bool(found)

    wait_until(is_there)
    return found[0]


def _publish(database: Database, store: DirectoryStore, claimed: Claimed, *indexes: int) -> None:
    assert isinstance(claimed.params, EncodeAudioParams)
    name, init_key = claimed.params.audio.name, f"{claimed.prefix}init.mp4"
    made = RenditionMade(
        name=name, codecs="mp4a.40.2", init_sha256="1" * 64, init_key=init_key, init_size_bytes=1
    )
    segments = [
        SegmentMade(
            rendition=name,
            index=index,
            duration_s=4,
            size_bytes=1,
            key=f"{claimed.prefix}{index}.m4s",
            init_key=init_key,
        )
        for index in indexes
    ]
    for key in (init_key, *(segment.key for segment in segments)):
        store.put_bytes(key, b"x", content_type="video/mp4")
    tasks.publish(database, claimed.task_id, claimed.epoch, [made], segments)
