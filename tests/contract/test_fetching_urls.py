"""Sources at addresses of others, on both databases: asked for, taken up, taken in, forgotten."""

from pathlib import Path

import pytest

from pipeline.core.egress import Rules
from pipeline.core.errors import Conflict, LeaseLost, UrlFailed
from pipeline.core.retry import Failure
from pipeline.core.upload_errors import QuotaExceeded
from pipeline.database.port import Database
from pipeline.profiles import built_in
from pipeline.services import assets, jobs, sourcing, tasks
from pipeline.services.claims import Claimed
from pipeline.services.housekeeping import trim
from pipeline.services.sourcing import Lease, Named
from pipeline.storage.directory import DirectoryStore
from schemas.access import Quotas
from schemas.events import EventType
from schemas.fetching import FetchParams, FetchResult, FetchState, UrlOrigin
from schemas.http import JobRequest, JobView
from schemas.identity import Playback
from schemas.vocabulary import AssetId, AssetState, JobState, QueueName
from tests.support.engine import must_claim, run_to_end

URL = "https://films.example/a/film.mp4?token=secret"
TERMS = jobs.Terms(max_attempts=1, max_lost=3, metadata={"app": "7"})
NO_QUOTAS = Quotas()


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "objects")


def hand_in(
    db: Database,
    store: DirectoryStore,
    *,
    filename: str = "",
    quotas: Quotas = NO_QUOTAS,
    terms: jobs.Terms = TERMS,
) -> JobView:
    source = Named(
        url=Rules().admit(URL),
        account="local",
        limit_bytes=5_000_000,
        filename=filename,
        playback=Playback.UNLISTED,
    )
    return sourcing.submit(db, store, source, built_in().get("default"), terms, quotas=quotas)


def lease(claimed: Claimed) -> Lease:
    return Lease(claimed.task_id, claimed.epoch, claimed.asset_id)


def state(asset_id: AssetId, size_bytes: int = 100) -> FetchState:
    return FetchState(
        key=f"assets/{asset_id}/fetched-1/source", size_bytes=size_bytes, validator='"v1"'
    )


def fetched(asset_id: AssetId, filename: str = "") -> FetchResult:
    return FetchResult(
        key=f"assets/{asset_id}/fetched-1/source",
        size_bytes=2_000,
        sha256="2" * 64,
        filename=filename,
    )


def fail(db: Database, claimed: Claimed) -> None:
    failure = Failure(code="url.missing", detail="there is no file")
    tasks.fail(db, claimed.task_id, claimed.epoch, failure, jitter=0.0)


def test_asset_and_job_are_there_before_the_source_is(
    database: Database, store: DirectoryStore
) -> None:
    job = hand_in(database, store)

    shown = assets.show(database, job.asset_id)
    assert (shown.filename, shown.size_bytes, shown.sha256) == ("film.mp4", None, None)
    assert (shown.state, shown.playback) == (AssetState.PROCESSING, Playback.UNLISTED)
    assert shown.metadata == job.metadata == {"app": "7"}
    claimed = must_claim(database, QueueName.FETCH)
    assert isinstance(claimed.params, FetchParams)
    assert claimed.params.origin == UrlOrigin(shown="https://films.example/a/film.mp4")


def test_only_its_worker_sees_the_address(database: Database, store: DirectoryStore) -> None:
    job = hand_in(database, store)
    claimed = must_claim(database, QueueName.FETCH)

    row = sourcing.take_up(database, lease(claimed))

    assert not isinstance(row, FetchResult)
    assert (row.url, row.limit_bytes, row.state) == (URL, 5_000_000, None)
    assert "secret" not in repr(row)
    assert "secret" not in claimed.params.model_dump_json()
    trim(database, event_retention_s=1e9)  # numbers the events
    with database.read() as tx:
        assert tx.events.newest_id() > 0
        assert "secret" not in repr(tx.events.after(0, 100, None))
    assert "secret" not in jobs.show(database, job.id).model_dump_json()
    assert "secret" not in assets.show(database, job.asset_id).model_dump_json()


def test_the_address_is_wiped_with_the_fetch_that_succeeds(
    database: Database, store: DirectoryStore
) -> None:
    job = hand_in(database, store)
    claimed = must_claim(database, QueueName.FETCH)

    tasks.finish(
        database, claimed.task_id, claimed.epoch, fetched(job.asset_id, "from the server.mp4")
    )

    shown = assets.show(database, job.asset_id)
    assert (shown.filename, shown.size_bytes) == ("from the server.mp4", 2_000)
    with database.read() as tx:
        assert tx.fetches.get(job.asset_id) is None
    run_to_end(database)
    assert jobs.show(database, job.id).state is JobState.SUCCEEDED


def test_what_is_kept_is_there_for_the_next_attempt(
    database: Database, store: DirectoryStore
) -> None:
    job = hand_in(database, store)
    first = must_claim(database, QueueName.FETCH)
    taken = sourcing.take_up(database, lease(first))
    assert not isinstance(taken, FetchResult)
    sourcing.keep(database, lease(first), taken.epoch, state(job.asset_id))
    tasks.hand_back(database, first.task_id, first.epoch)
    second = must_claim(database, QueueName.FETCH)

    again = sourcing.take_up(database, lease(second))

    assert not isinstance(again, FetchResult)
    assert again.state == state(job.asset_id)
    assert again.epoch > taken.epoch
    with pytest.raises(LeaseLost):
        sourcing.keep(database, lease(first), taken.epoch, state(job.asset_id, 200))
    with pytest.raises(LeaseLost):
        sourcing.begin_again(database, lease(first), taken.epoch)
    with pytest.raises(LeaseLost):
        sourcing.take_up(database, lease(first))
    # Not even with a lease that stands: the fetch itself was taken over.
    with pytest.raises(LeaseLost):
        sourcing.keep(database, lease(second), taken.epoch, state(job.asset_id, 300))
    with database.read() as tx:
        row = tx.fetches.get(job.asset_id)
    assert row is not None
    assert row.state == state(job.asset_id)


def test_a_beginning_that_was_of_no_use_is_collected(
    database: Database, store: DirectoryStore
) -> None:
    job = hand_in(database, store)
    claimed = must_claim(database, QueueName.FETCH)
    taken = sourcing.take_up(database, lease(claimed))
    assert not isinstance(taken, FetchResult)
    sourcing.keep(database, lease(claimed), taken.epoch, state(job.asset_id))

    sourcing.begin_again(database, lease(claimed), taken.epoch)

    with database.read() as tx:
        row = tx.fetches.get(job.asset_id)
        due = [prefix for _, prefix, _ in tx.garbage.due(10, patience_s=0.0)]
    assert row is not None
    assert row.state is None
    assert due == [f"assets/{job.asset_id}/fetched-1/"]


def test_an_asset_that_is_being_fetched_takes_no_second_job(
    database: Database, store: DirectoryStore
) -> None:
    first = hand_in(database, store)

    with pytest.raises(Conflict) as refusal:
        jobs.submit(
            database,
            JobRequest(asset_id=first.asset_id),
            built_in().get("default"),
            max_attempts=1,
            max_lost=1,
        )
    assert refusal.value.instance_code == "asset.not_fetched"


def test_after_a_failure_another_job_may_fetch_it(
    database: Database, store: DirectoryStore
) -> None:
    job = hand_in(database, store)
    fail(database, must_claim(database, QueueName.FETCH))

    second = jobs.submit(
        database,
        JobRequest(asset_id=job.asset_id),
        built_in().get("default"),
        max_attempts=1,
        max_lost=1,
    )

    claimed = must_claim(database, QueueName.FETCH)
    assert claimed.job_id == second.id
    assert not isinstance(sourcing.take_up(database, lease(claimed)), FetchResult)


def test_a_failed_job_may_be_retried(database: Database, store: DirectoryStore) -> None:
    job = hand_in(database, store)
    fail(database, must_claim(database, QueueName.FETCH))
    jobs.retry(database, job.id)

    claimed = must_claim(database, QueueName.FETCH)

    assert not isinstance(sourcing.take_up(database, lease(claimed)), FetchResult)


def test_a_fetch_that_another_job_ended_has_its_result(
    database: Database, store: DirectoryStore
) -> None:
    job = hand_in(database, store)
    fail(database, must_claim(database, QueueName.FETCH))
    jobs.submit(
        database,
        JobRequest(asset_id=job.asset_id),
        built_in().get("default"),
        max_attempts=1,
        max_lost=1,
    )
    jobs.retry(database, job.id)
    one, two = (must_claim(database, QueueName.FETCH, worker=name) for name in ("w1", "w2"))
    tasks.finish(database, one.task_id, one.epoch, fetched(job.asset_id))

    assert sourcing.take_up(database, lease(two)) == fetched(job.asset_id)


def test_an_address_nobody_wants_any_more_is_wiped(
    database: Database, store: DirectoryStore
) -> None:
    waiting, failed = hand_in(database, store), hand_in(database, store)
    for claimed in [must_claim(database, QueueName.FETCH) for _ in range(2)]:
        if claimed.job_id == failed.id:
            taken = sourcing.take_up(database, lease(claimed))
            assert not isinstance(taken, FetchResult)
            sourcing.keep(database, lease(claimed), taken.epoch, state(failed.asset_id))
            fail(database, claimed)
    # Not yet: it may be tried again.
    trim(database, event_retention_s=1e9)
    with database.read() as tx:
        assert tx.fetches.get(failed.asset_id) is not None

    assert sourcing.forget_idle(database, patience_s=-1.0) == 1

    with database.read() as tx:
        assert tx.fetches.get(failed.asset_id) is None
        assert tx.fetches.get(waiting.asset_id) is not None
        due = [prefix for _, prefix, _ in tx.garbage.due(10, patience_s=0.0)]
    assert f"assets/{failed.asset_id}/fetched-1/" in due
    jobs.retry(database, failed.id)
    again = must_claim(database, QueueName.FETCH)
    with pytest.raises(UrlFailed) as refusal:
        sourcing.take_up(database, lease(again))
    assert refusal.value.instance_code == "url.forgotten"


def test_an_address_goes_with_its_asset(database: Database, store: DirectoryStore) -> None:
    job = hand_in(database, store)

    assets.delete(database, job.asset_id)

    with database.read() as tx:
        assert tx.fetches.get(job.asset_id) is None


def test_an_account_fetches_no_more_than_its_share(
    database: Database, store: DirectoryStore
) -> None:
    hand_in(database, store)
    run_to_end(database)  # 1,000,000 bytes

    hand_in(database, store, quotas=Quotas(stored_bytes=1_500_000))

    taken = sourcing.take_up(database, lease(must_claim(database, QueueName.FETCH)))
    assert not isinstance(taken, FetchResult)
    assert taken.limit_bytes == 500_000
    with pytest.raises(QuotaExceeded):
        hand_in(database, store, quotas=Quotas(stored_bytes=900_000))


def test_a_dry_run_fetches_and_probes(database: Database, store: DirectoryStore) -> None:
    terms = jobs.Terms(max_attempts=1, max_lost=1, is_dry_run=True)
    job = hand_in(database, store, filename="named.mp4", terms=terms)

    run_to_end(database)

    shown = jobs.show(database, job.id)
    assert shown.state is JobState.SUCCEEDED
    assert [task.kind for task in shown.tasks] == ["fetch", "probe"]
    asset = assets.show(database, job.asset_id)
    assert (asset.filename, asset.state) == ("named.mp4", AssetState.WAITING)
    assert asset.facts is not None


def test_the_event_shows_where_it_comes_from(database: Database, store: DirectoryStore) -> None:
    hand_in(database, store)
    trim(database, event_retention_s=1e9)

    with database.read() as tx:
        created = [
            one for one in tx.events.after(0, 100, None) if one.type is EventType.ASSET_CREATED
        ]
    assert [one.data for one in created] == [{"source": "https://films.example/a/film.mp4"}]
