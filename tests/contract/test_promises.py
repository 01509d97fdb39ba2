"""A request with a key is carried out once, on both databases, whatever dies in between."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from pipeline.core import signature
from pipeline.core.egress import Rules
from pipeline.core.errors import Conflict, KeyReused, NotMedia
from pipeline.database.port import Database
from pipeline.database.sql.promises import idempotency
from pipeline.outbound.guarded import GuardedOutbound
from pipeline.profiles import built_in
from pipeline.services import (
    accounts,
    api_keys,
    assets,
    deliveries,
    housekeeping,
    jobs,
    once,
    webhooks,
)
from pipeline.services.once import Claim, Kept
from pipeline.services.safe import Safe
from pipeline.storage.directory import DirectoryStore
from schemas.access import AccountRequest, KeyRequest
from schemas.http import JobRequest, JobView
from schemas.vocabulary import AssetId, JobState
from schemas.webhooks import WebhookRequest
from tests.support import engine

ANSWER = Kept(status=202, headers={"Location": "/api/jobs/7"}, body='{"id":"7"}')


def begin(db: Database, key: str = "k", fingerprint: str = "f", account: str = "a") -> Claim:
    claim = once.claim(db, account=account, key=key, fingerprint=fingerprint)
    assert isinstance(claim, Claim)
    return claim


def lapse(db: Database, **values: object) -> None:
    """Let time pass over all requests."""
    with db.write() as tx:
        tx._connection.execute(update(idempotency).values(**(values or {"held_until": 0})))  # type: ignore[attr-defined]


def submit(db: Database, asset_id: AssetId, claim: Claim) -> JobView:
    request = JobRequest(asset_id=asset_id)
    profile = built_in().get("fast")
    return jobs.submit(db, request, profile, max_attempts=1, max_lost=1, claim=claim)


def test_a_repeat_gets_the_answer_of_the_first(database: Database) -> None:
    once.settle(database, begin(database), ANSWER)

    assert once.claim(database, account="a", key="k", fingerprint="f") == ANSWER


def test_the_answer_of_another_account_is_not_there(database: Database) -> None:
    once.settle(database, begin(database), ANSWER)

    assert begin(database, account="b").epoch == 1


def test_a_key_with_another_request_is_refused(database: Database) -> None:
    begin(database)

    with pytest.raises(KeyReused):
        once.claim(database, account="a", key="k", fingerprint="other")


def test_what_is_being_worked_on_is_not_begun_again(database: Database) -> None:
    claim = begin(database)
    once.keep(database, claim)

    with pytest.raises(Conflict) as refusal:
        begin(database)
    assert refusal.value.instance_code == "idempotency.in_flight"


def test_of_many_at_once_one_begins(database: Database) -> None:
    def attempt(_: int) -> bool:
        try:
            begin(database)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(24))) == 1


def test_a_refused_request_may_be_asked_again_corrected(database: Database) -> None:
    once.give_up(database, begin(database), is_refused=True)

    assert begin(database, fingerprint="corrected").epoch == 1


def test_a_failed_request_keeps_its_key_and_may_begin_at_once(database: Database) -> None:
    once.give_up(database, begin(database), is_refused=False)

    assert begin(database).epoch == 2
    with pytest.raises(KeyReused):
        begin(database, fingerprint="other")


def test_a_latecomer_takes_nothing_from_the_try_after_it(database: Database) -> None:
    first = begin(database)
    lapse(database)
    begin(database)

    once.give_up(database, first, is_refused=True)

    with pytest.raises(Conflict):
        begin(database)


def test_a_job_whose_answer_was_lost_is_not_made_again(database: Database) -> None:
    asset_id = engine.add_asset(database)
    made = submit(database, asset_id, begin(database))
    lapse(database)

    again = submit(database, asset_id, begin(database))

    assert again.id == made.id
    assert len(jobs.page(database, cursor=None, limit=10).items) == 1


def test_two_tries_that_overlap_make_one_job(database: Database) -> None:
    asset_id = engine.add_asset(database)
    first = begin(database)
    lapse(database)
    second = begin(database)

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda claim: submit(database, asset_id, claim).id, (first, second)))

    assert made[0] == made[1]
    assert len(jobs.page(database, cursor=None, limit=10).items) == 1


def test_a_cancel_whose_answer_was_lost_is_answered_well(database: Database) -> None:
    job_id = jobs.submit(
        database,
        JobRequest(asset_id=engine.add_asset(database)),
        built_in().get("fast"),
        max_attempts=1,
        max_lost=1,
    ).id
    jobs.cancel(database, job_id, claim=begin(database))
    lapse(database)

    assert jobs.cancel(database, job_id, claim=begin(database)).state is JobState.CANCELLED
    with pytest.raises(Conflict):
        jobs.cancel(database, job_id, claim=begin(database, key="another"))
    retried = jobs.retry(database, job_id, claim=begin(database, key="retry"))
    lapse(database)
    again = jobs.retry(database, job_id, claim=begin(database, key="retry"))
    assert (again.id, again.state) == (retried.id, retried.state)


def test_an_upload_whose_answer_was_lost_is_one_asset(database: Database, tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "objects")

    def upload(claim: Claim, blocks: Iterable[bytes] = (b"film",)) -> AssetId:
        return assets.create(
            database, store, filename="f", blocks=blocks, limit_bytes=99, claim=claim
        ).id

    def meanwhile() -> Iterable[bytes]:
        yield b"fi"
        lapse(database)
        made.append(upload(begin(database)))
        yield b"lm"

    made: list[AssetId] = []
    slow = upload(begin(database), meanwhile())
    lapse(database)
    again = upload(begin(database), iter(()))
    for _ in range(2):
        housekeeping.collect_garbage(database, store, patience_s=0)

    assert [slow, again] == made * 2
    assert [found.key for found in store.list("")] == [f"assets/{slow}/source"]


def test_an_upload_that_was_refused_frees_its_key(database: Database, tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "objects")
    claim = begin(database)
    with pytest.raises(NotMedia):
        assets.create(database, store, filename="f", blocks=(b"",), limit_bytes=9, claim=claim)
    once.give_up(database, claim, is_refused=True)

    assert begin(database, fingerprint="another").epoch == 1


def test_old_answers_are_forgotten(database: Database) -> None:
    once.settle(database, begin(database), ANSWER)
    begin(database, key="young")
    assert once.trim(database) == 0

    lapse(database, created_at=1.0)

    assert once.trim(database) == 2
    assert begin(database, fingerprint="new").epoch == 1


def test_a_key_whose_answer_was_lost_is_ended_by_the_repeat(database: Database) -> None:
    account = accounts.create(database, AccountRequest(name="kim"))

    def attempt() -> str:
        claim = begin(database)
        return api_keys.create(database, account.id, KeyRequest(name="app"), claim=claim).id

    lost = attempt()
    lapse(database)
    got = attempt()

    keys = {key.id: key.revoked_at for key in api_keys.listing(database, account.id).items}
    assert set(keys) == {lost, got}
    assert (keys[got], keys[lost] is None) == (None, False)


def test_an_account_whose_answer_was_lost_is_the_repeats(database: Database) -> None:
    request = AccountRequest(name="kim")
    made = accounts.create(database, request, claim=begin(database))
    lapse(database)

    assert accounts.create(database, request, claim=begin(database)) == made


def test_what_is_made_of_webhooks_is_made_once(database: Database) -> None:
    outbound, safe = GuardedOutbound(Rules.read("127.0.0.0/8")), Safe.of(b"s" * 32, "webhooks")
    request = WebhookRequest(url="http://127.0.0.1:9/hook")

    def twice(attempt: Callable[[Claim], Any], key: str) -> Any:
        first = attempt(begin(database, key))
        lapse(database)
        assert attempt(begin(database, key)) == first
        return first

    made = twice(
        lambda claim: webhooks.create(database, outbound, safe, request, account="a", claim=claim),
        "create",
    )
    rotated = twice(lambda claim: webhooks.rotate(database, safe, made.id, claim=claim), "rotate")
    ping = twice(lambda claim: deliveries.ping(database, made.id, claim=claim), "ping")
    twice(lambda claim: deliveries.redeliver(database, made.id, ping.id, claim=claim), "again")

    assert [one.id for one in webhooks.page(database, cursor=None, limit=9).items] == [made.id]
    assert len(deliveries.page(database, made.id, cursor=None, limit=9).items) == 1
    with database.read() as tx:
        row = webhooks.need(tx, made.id, owner=None)
    # The secret of before the rotation goes on signing.
    kept = [safe.read(one or "", made.id) for one in (row.secret, row.previous_secret)]
    assert [signature.secret_of(one or b"") for one in kept] == [rotated.secret, made.secret]
