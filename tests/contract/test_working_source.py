"""A probe that mended its source: what works on the copy, and how long it lives."""

from pathlib import Path

from pipeline.database.port import Database
from pipeline.services import assets, housekeeping, jobs, tasks
from pipeline.services.claims import Claimed
from pipeline.storage.directory import DirectoryStore
from schemas.http import JobRequest, JobView
from schemas.tasks import EncodeAudioParams, EncodeParams, ProbeResult, SourceRef, ThumbnailsParams
from schemas.vocabulary import QueueName
from tests.support import engine
from tests.support.waiting import wait_until

SHA256 = "c" * 64


def mended(store: DirectoryStore, claimed: Claimed) -> ProbeResult:
    key = f"{claimed.prefix}working"
    store.put_bytes(key, b"copy", content_type="x/y")
    facts = engine.facts().model_copy(update={"remuxed_from": "mpegts"})
    copy = SourceRef(asset_id=claimed.asset_id, key=key, size_bytes=4, sha256=SHA256)
    return ProbeResult(facts=facts, working_source=copy)


def probed(database: Database, store: DirectoryStore, job: JobView) -> SourceRef:
    claimed = engine.must_claim(database, QueueName.PROBE)
    assert claimed.job_id == job.id
    result = mended(store, claimed)
    tasks.finish(database, claimed.task_id, claimed.epoch, result)
    assert result.working_source is not None
    return result.working_source


def swept(database: Database, store: DirectoryStore, job: JobView) -> set[str]:
    for _ in range(2):
        housekeeping.collect_garbage(database, store, patience_s=0)
    return {found.key for found in store.list(f"assets/{job.asset_id}/")}


def test_every_later_task_works_on_the_copy(database: Database, tmp_path: Path) -> None:
    copy = probed(database, DirectoryStore(tmp_path), engine.submit(database))

    for queue in (QueueName.THUMBNAILS, *3 * (QueueName.ENCODE_CPU,)):
        params = engine.must_claim(database, queue).params
        assert isinstance(params, ThumbnailsParams | EncodeParams | EncodeAudioParams)
        assert params.source == copy


def test_a_box_that_holds_the_copy_is_preferred(database: Database, tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    engine.submit(database)
    engine.finish(database, engine.must_claim(database, QueueName.PROBE))
    job = engine.submit(database)
    probed(database, store, job)

    claimed = engine.claim(database, QueueName.ENCODE_CPU, cached=(SHA256,))

    assert claimed is not None
    assert claimed.job_id == job.id


def test_the_copy_stays_through_retries_and_goes_with_the_asset(
    database: Database, tmp_path: Path
) -> None:
    store = DirectoryStore(tmp_path)
    job = engine.submit(database)
    lost = engine.must_claim(database, QueueName.PROBE)
    mended(store, lost)
    tasks.release_all(database)
    found: list[SourceRef] = []

    def probed_again() -> bool:
        claimed = engine.claim(database, QueueName.PROBE)
        if claimed is not None:
            result = mended(store, claimed)
            tasks.finish(database, claimed.task_id, claimed.epoch, result)
            found.extend([result.working_source] if result.working_source else [])
        return bool(found)

    wait_until(probed_again)

    assert swept(database, store, job) == {found[0].key}
    jobs.cancel(database, job.id)
    assert swept(database, store, job) == {found[0].key}
    assets.delete(database, job.asset_id)
    assert swept(database, store, job) == set()


def test_a_dry_run_leaves_no_copy(database: Database, tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    request = JobRequest(asset_id=engine.add_asset(database), dry_run=True)
    profile = engine.built_in().get("default")
    job = jobs.submit(database, request, profile, max_attempts=3, max_lost=3)
    probed(database, store, job)

    assert swept(database, store, job) == set()
