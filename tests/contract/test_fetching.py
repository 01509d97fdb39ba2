"""Sources that are fetched before they are probed, on both databases."""

import pytest

from pipeline.core.errors import LeaseLost
from pipeline.database.port import Database
from pipeline.database.rows import NewAsset
from pipeline.profiles import built_in
from pipeline.services import assets, jobs, tasks
from pipeline.services.ids import new_id
from schemas.fetching import FetchParams, FetchResult, StoredOrigin
from schemas.tasks import ProbeParams
from schemas.vocabulary import AssetId, AssetState, JobId, JobState, QueueName, TaskState
from tests.support.engine import finish, must_claim, run_to_end

TERMS = jobs.Terms(max_attempts=3, max_lost=3)
PARTS = StoredOrigin(keys=("uploads/u1", "uploads/u2"))


def unread(asset_id: AssetId) -> NewAsset:
    return NewAsset(
        id=asset_id,
        account="local",
        filename="clip.mp4",
        source_key=f"assets/{asset_id}/source",
        size_bytes=1_000,
        sha256="",
    )


def begin(db: Database, origin: StoredOrigin | None = None) -> tuple[AssetId, JobId]:
    asset = unread(AssetId(new_id()))
    with db.write() as tx:
        tx.assets.add(asset)
        return asset.id, jobs.begin_in(tx, asset, built_in().get("default"), TERMS, origin=origin)


def fetched(asset_id: AssetId, sha256: str = "2" * 64) -> FetchResult:
    return FetchResult(key=f"assets/{asset_id}/whole", size_bytes=2_000, sha256=sha256)


def test_a_job_on_a_source_nobody_has_read_begins_by_reading_it(database: Database) -> None:
    asset_id, job_id = begin(database)

    claimed = must_claim(database, QueueName.FETCH)

    assert isinstance(claimed.params, FetchParams)
    assert claimed.params.origin == StoredOrigin(keys=(f"assets/{asset_id}/source",))
    assert claimed.params.key == f"assets/{asset_id}/source"
    assert [task.state for task in jobs.show(database, job_id).tasks] == [TaskState.RUNNING]
    assert assets.show(database, asset_id).state is AssetState.PROCESSING


def test_all_of_it_happens_in_the_callers_transaction_or_nothing(database: Database) -> None:
    asset = unread(AssetId(new_id()))

    def begin_and_fail() -> None:
        with database.write() as tx:
            tx.assets.add(asset)
            jobs.begin_in(tx, asset, built_in().get("default"), TERMS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        begin_and_fail()

    assert jobs.page(database, cursor=None, limit=9).items == ()
    assert assets.page(database, cursor=None, limit=9).items == ()


def test_what_was_fetched_is_the_assets_source_and_is_probed(database: Database) -> None:
    asset_id, job_id = begin(database, PARTS)
    claimed = must_claim(database, QueueName.FETCH)
    assert isinstance(claimed.params, FetchParams)
    assert claimed.params.origin == PARTS

    tasks.finish(database, claimed.task_id, claimed.epoch, fetched(asset_id))

    shown = assets.show(database, asset_id)
    assert (shown.size_bytes, shown.sha256) == (2_000, "2" * 64)
    probe = must_claim(database, QueueName.PROBE)
    assert isinstance(probe.params, ProbeParams)
    assert probe.params.source.key == f"assets/{asset_id}/whole"
    assert probe.params.source.sha256 == "2" * 64
    assert jobs.show(database, job_id).state is JobState.RUNNING
    finish(database, probe)
    run_to_end(database)
    assert jobs.show(database, job_id).state is JobState.SUCCEEDED
    assert assets.show(database, asset_id).state is AssetState.READY


def test_a_later_job_of_the_asset_probes_at_once(database: Database) -> None:
    asset_id, _ = begin(database)
    run_to_end(database)
    with database.write() as tx:
        job_id = jobs.begin_in(tx, assets.need(tx, asset_id), built_in().get("default"), TERMS)

    assert {task.kind for task in jobs.show(database, job_id).tasks} == {"probe"}


def test_a_lost_fetch_takes_nothing_in(database: Database) -> None:
    asset_id, _ = begin(database, PARTS)
    lost = must_claim(database, QueueName.FETCH)
    tasks.hand_back(database, lost.task_id, lost.epoch)
    again = must_claim(database, QueueName.FETCH)

    with pytest.raises(LeaseLost):
        tasks.finish(database, lost.task_id, lost.epoch, fetched(asset_id, "3" * 64))
    tasks.finish(database, again.task_id, again.epoch, fetched(asset_id))

    assert assets.show(database, asset_id).sha256 == "2" * 64


def test_the_first_of_two_fetches_counts(database: Database) -> None:
    asset_id, _ = begin(database, PARTS)
    with database.write() as tx:
        jobs.begin_in(tx, assets.need(tx, asset_id), built_in().get("default"), TERMS)
    one, two = (must_claim(database, QueueName.FETCH, worker=name) for name in ("w1", "w2"))

    tasks.finish(database, one.task_id, one.epoch, fetched(asset_id))
    tasks.finish(database, two.task_id, two.epoch, fetched(asset_id, "3" * 64))

    assert assets.show(database, asset_id).sha256 == "2" * 64
    probes = [must_claim(database, QueueName.PROBE) for _ in range(2)]
    assert {probe.params.source.sha256 for probe in probes} == {"2" * 64}


def test_a_fetch_whose_job_was_cancelled_ends_it(database: Database) -> None:
    asset_id, job_id = begin(database, PARTS)
    claimed = must_claim(database, QueueName.FETCH)
    jobs.cancel(database, job_id)

    tasks.stopped(database, claimed.task_id, claimed.epoch)

    assert jobs.show(database, job_id).tasks[0].state is TaskState.CANCELLED
    assert assets.show(database, asset_id).state is AssetState.CANCELLED
