"""Uploads on both databases and both stores: granted, fenced, completed once, swept."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from pipeline.core import keys
from pipeline.core.errors import Conflict, InvalidRequest, LeaseLost, NotFound, StorageFull
from pipeline.core.upload_errors import Gone, QuotaExceeded
from pipeline.database.port import Database
from pipeline.database.uploads import UploadRow, UploadWish
from pipeline.profiles import load
from pipeline.services import accounts, assets, housekeeping, jobs
from pipeline.services.uploads import completing, ending, opening, status, writing
from pipeline.services.uploads.completing import Patience
from pipeline.services.uploads.opening import Opening, Terms
from pipeline.storage.directory import DirectoryStore
from pipeline.storage.port import ObjectStore
from pipeline.storage.s3 import S3Store
from schemas.access import AccountRequest, Quotas
from schemas.identity import Playback, Role
from schemas.uploads import UploadId, UploadKind, UploadState
from schemas.vocabulary import TaskKind

PATIENCE = Patience(max_attempts=3, max_lost=10)
WISH = UploadWish("film.mp4", load(None).get("default"), 5, Playback.PRIVATE, {"a": "b"})
DATA = bytes(range(256)) * 30_000


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "directory":
        yield DirectoryStore(tmp_path / "objects")
        return
    address = request.getfixturevalue("s3")
    yield S3Store(
        endpoint=address.endpoint,
        access_key=address.access_key,
        secret_key=address.secret_key,
        bucket=address.bucket,
        region="us-east-1",
        secure=address.secure,
    )


@pytest.fixture
def folder(tmp_path: Path) -> ObjectStore:
    return DirectoryStore(tmp_path / "objects")


def opened(
    db: Database,
    store: ObjectStore,
    size_bytes: int | None = len(DATA),
    *,
    kind: UploadKind = UploadKind.WHOLE,
    parts: tuple[UploadId, ...] = (),
    account: str = "anna",
    quotas: Quotas | None = None,
    life_s: float = 100.0,
    floor_bytes: int = 0,
) -> UploadRow:
    return opening.open_upload(
        db,
        store,
        Opening(account, kind, size_bytes, WISH, "name eA==", parts),
        terms=Terms(life_s=life_s, floor_bytes=floor_bytes, limit_bytes=10**9),
        quotas=quotas or Quotas(),
        owner=account,
    )


def granted(db: Database, row: UploadRow, holder: str = "me") -> UploadRow:
    taken = writing.take(db, row.id, holder, owner=row.account)
    assert taken.is_ours
    return taken.row


def written(
    db: Database, store: ObjectStore, row: UploadRow, data: bytes, *, life_s: float = 100.0
) -> UploadRow:
    draft = writing.draft_of(store, row, keys.source_key(row.asset_id))
    for safe in store.append(draft, [data], epoch=row.epoch):
        row = writing.advance(db, row, safe, speed_bytes_s=1.0, life_s=life_s)
    return row


def test_what_came_in_pieces_becomes_an_asset_with_a_job(
    database: Database, store: ObjectStore
) -> None:
    row = granted(database, opened(database, store))
    row = written(database, store, row, DATA[:3_000_000])
    writing.release(database, row.id, row.epoch)
    again = granted(database, writing.look(database, row.id, owner="anna"))
    assert again.offset_bytes == 3_000_000
    row = written(database, store, again, DATA[3_000_000:])
    assert completing.is_due(row)

    job_id = completing.complete(
        database, store, row, sha256=hashlib.sha256(DATA).hexdigest(), patience=PATIENCE
    )

    assert job_id is not None
    asset = assets.show(database, row.asset_id, owner="anna")
    assert (asset.state, asset.size_bytes, asset.filename) == ("processing", len(DATA), "film.mp4")
    assert asset.playback is Playback.PRIVATE
    job = jobs.show(database, job_id)
    assert [task.kind for task in job.tasks] == [TaskKind.PROBE]
    with store.open(keys.source_key(row.asset_id)) as blocks:
        assert b"".join(blocks) == DATA


def test_one_nobody_counted_along_begins_with_reading_it(
    database: Database, store: ObjectStore
) -> None:
    row = written(database, store, granted(database, opened(database, store)), DATA)

    job_id = completing.complete(database, store, row, sha256="", patience=PATIENCE)

    assert job_id is not None
    assert [task.kind for task in jobs.show(database, job_id).tasks] == [TaskKind.FETCH]


def test_a_grant_that_was_passed_moves_nothing(database: Database, store: ObjectStore) -> None:
    old = written(database, store, granted(database, opened(database, store)), DATA[:1000])
    refused = writing.take(database, old.id, "other", owner=None)
    taken = writing.take(database, old.id, "other", owner=None, over_epoch=old.epoch)
    late = writing.take(database, old.id, "third", owner=None, over_epoch=old.epoch)

    assert (refused.is_ours, taken.is_ours, late.is_ours) == (False, True, False)
    with pytest.raises(LeaseLost):
        written(database, store, old, DATA[1000:2000])
    with pytest.raises(LeaseLost):
        ending.terminate(database, old)
    writing.release(database, old.id, old.epoch)
    assert writing.look(database, old.id, owner=None).holder == "other"
    row = written(database, store, taken.row, DATA[1000:])
    assert row.offset_bytes == len(DATA)


def test_many_who_complete_it_make_one_job(database: Database, folder: ObjectStore) -> None:
    row = written(database, folder, granted(database, opened(database, folder)), DATA)
    gate, made = Barrier(8), []

    def complete() -> None:
        gate.wait()
        try:
            made.append(
                completing.complete(database, folder, row, sha256="a" * 64, patience=PATIENCE)
            )
        except LeaseLost:
            return

    threads = [Thread(target=complete) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 1
    assert len(jobs.page(database, cursor=None, limit=10).items) == 1


def test_what_died_before_its_completion_is_completed_by_upkeep(
    database: Database, folder: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "_QUIET_S", 0.0)
    whole = written(database, folder, granted(database, opened(database, folder)), DATA)
    short = written(database, folder, granted(database, opened(database, folder)), DATA[:10])

    assert ending.settle(database, folder, patience=PATIENCE) == 1
    assert ending.settle(database, folder, patience=PATIENCE) == 0

    assert writing.look(database, whole.id, owner=None).state is UploadState.COMPLETED
    assert writing.look(database, short.id, owner=None).state is UploadState.OPEN


def test_what_waits_too_long_goes_with_all_its_bytes(
    database: Database, store: ObjectStore
) -> None:
    never = opened(database, store, life_s=0.0)
    begun = granted(database, opened(database, store, life_s=0.0))
    begun = written(database, store, begun, DATA, life_s=0.0)
    live = written(database, store, granted(database, opened(database, store)), DATA[:50])

    assert ending.expire(database) == 2
    housekeeping.collect_garbage(database, store, patience_s=0.0)

    for row in (never, begun):
        with pytest.raises(Gone):
            writing.look(database, row.id, owner=None)
        assert list(store.list(keys.asset_prefix(row.asset_id))) == []
        if isinstance(store, S3Store):
            assert not store._client.unfinished(keys.asset_prefix(row.asset_id))
    with pytest.raises(LeaseLost):
        writing.advance(
            database,
            begun,
            writing.draft_of(store, begun, keys.source_key(begun.asset_id)),
            speed_bytes_s=1.0,
            life_s=1.0,
        )
    assert written(database, store, live, DATA[50:]).offset_bytes == len(DATA)
    assert ending.expire(database) == 0


def test_a_terminated_one_leaves_nothing(database: Database, store: ObjectStore) -> None:
    row = written(database, store, granted(database, opened(database, store)), DATA)

    ending.terminate(database, row)
    housekeeping.collect_garbage(database, store, patience_s=0.0)

    with pytest.raises(Gone):
        writing.look(database, row.id, owner="anna")
    assert list(store.list(keys.asset_prefix(row.asset_id))) == []


def partial(db: Database, store: ObjectStore, data: bytes, *, life_s: float = 100.0) -> UploadRow:
    row = opened(db, store, len(data), kind=UploadKind.PARTIAL, life_s=life_s)
    row = written(db, store, granted(db, row), data, life_s=life_s)
    completing.complete(db, store, row, sha256="", patience=PATIENCE)
    return row


def test_parts_are_joined_by_the_first_task_and_kept_for_it(
    database: Database, folder: ObjectStore
) -> None:
    one, two = (partial(database, folder, data, life_s=0.0) for data in (b"one", b"two!"))
    unused = partial(database, folder, b"unused", life_s=0.0)
    final = opened(database, folder, None, kind=UploadKind.FINAL, parts=(one.id, two.id, one.id))
    held = granted(database, final)

    job_id = completing.put_together(database, folder, held, patience=PATIENCE)

    assert job_id is not None
    (task,) = jobs.show(database, job_id).tasks
    assert task.kind is TaskKind.FETCH
    after = writing.look(database, final.id, owner="anna")
    assert (after.state, after.offset_bytes, after.parts) == (
        UploadState.COMPLETED,
        10,
        (one.id, two.id, one.id),
    )
    # What the task still reads stays, however old.
    assert ending.expire(database) == 1
    with pytest.raises(Gone):
        writing.look(database, unused.id, owner=None)
    jobs.cancel(database, job_id)
    assert ending.expire(database) == 2


def test_a_final_one_takes_whole_parts_of_its_own_account(
    database: Database, folder: ObjectStore
) -> None:
    theirs = partial(database, folder, b"one")
    unfinished = opened(database, folder, 5, kind=UploadKind.PARTIAL, account="bert")

    with pytest.raises(NotFound):
        opened(database, folder, None, kind=UploadKind.FINAL, parts=(theirs.id,), account="bert")
    with pytest.raises(Conflict):
        opened(
            database, folder, None, kind=UploadKind.FINAL, parts=(unfinished.id,), account="bert"
        )


def test_what_belongs_to_others_is_not_there(database: Database, folder: ObjectStore) -> None:
    row = opened(database, folder)

    for call in (
        lambda: writing.look(database, row.id, owner="bert"),
        lambda: writing.take(database, row.id, "me", owner="bert"),
        lambda: status.show(database, row.id, owner="bert"),
        lambda: writing.look(database, UploadId("a\0b"), owner=None),
        lambda: writing.take(database, UploadId("a\0b"), "me", owner=None),
    ):
        with pytest.raises(NotFound) as refused:
            call()
        assert not isinstance(refused.value, Gone)
    assert writing.look(database, row.id, owner="anna").holder is None
    assert status.page(database, cursor=None, limit=10, owner="bert").items == ()
    assert len(status.page(database, cursor=None, limit=10, owner="anna").items) == 1
    assert len(status.page(database, cursor=None, limit=10, owner=None).items) == 1


def test_a_length_is_said_once(database: Database, folder: ObjectStore) -> None:
    terms = Terms(life_s=1.0, floor_bytes=0, limit_bytes=1000)
    row = written(database, folder, granted(database, opened(database, folder, None)), b"12345")

    with pytest.raises(InvalidRequest):
        writing.declare_length(database, folder, row, 4, terms)
    row = writing.declare_length(database, folder, row, 7, terms)
    assert writing.declare_length(database, folder, row, 7, terms).length_bytes == 7
    with pytest.raises(InvalidRequest):
        writing.declare_length(database, folder, row, 8, terms)
    assert writing.look(database, row.id, owner=None).length_bytes == 7


def test_an_account_gets_its_share_and_no_more(database: Database, folder: ObjectStore) -> None:
    opened(database, folder, 600)
    row = written(database, folder, granted(database, opened(database, folder, 300)), b"x" * 300)
    completing.complete(database, folder, row, sha256="a" * 64, patience=PATIENCE)

    with pytest.raises(QuotaExceeded) as many:
        opened(database, folder, 1, quotas=Quotas(open_uploads=1))
    with pytest.raises(QuotaExceeded) as large:
        opened(database, folder, 101, quotas=Quotas(stored_bytes=1000))
    opened(database, folder, 100, quotas=Quotas(stored_bytes=1000, open_uploads=2))
    # Others have a share of their own.
    opened(database, folder, 999, account="bert", quotas=Quotas(stored_bytes=1000))

    assert many.value.instance_code == "quota.uploads"
    assert large.value.instance_code == "quota.bytes"


def test_minutes_are_counted_of_what_came_within_a_day(
    database: Database, folder: ObjectStore
) -> None:
    row = written(database, folder, granted(database, opened(database, folder, 3)), b"abc")
    completing.complete(database, folder, row, sha256="a" * 64, patience=PATIENCE)
    with database.write() as tx:
        tx._connection.exec_driver_sql(  # type: ignore[attr-defined]
            'UPDATE asset SET facts = \'{"duration_s": "3603600/30000"}\''
        )

    with pytest.raises(QuotaExceeded) as refused:
        opened(database, folder, 1, quotas=Quotas(minutes_a_day=2))
    opened(database, folder, 1, quotas=Quotas(minutes_a_day=3))

    assert refused.value.instance_code == "quota.minutes"


def test_an_accounts_own_quota_wins(database: Database, folder: ObjectStore) -> None:
    made = accounts.create(
        database,
        AccountRequest(
            name="anna",
            password="long enough to be one",
            role=Role.CREATOR,
            quotas=Quotas(stored_bytes=10),
        ),
    )

    with pytest.raises(QuotaExceeded):
        opened(database, folder, 11, account=made.id, quotas=Quotas(stored_bytes=1000))
    opened(database, folder, 10, account=made.id, quotas=Quotas(stored_bytes=5))


def test_room_is_promised_before_bytes_are_taken(database: Database, folder: ObjectStore) -> None:
    free_bytes = folder.free_bytes()
    assert free_bytes is not None
    most = free_bytes - 2**30

    opened(database, folder, most // 2, floor_bytes=2**20)
    with pytest.raises(StorageFull) as refused:
        opened(database, folder, most, floor_bytes=2**20)
    with pytest.raises(StorageFull):
        opened(database, folder, 1, floor_bytes=free_bytes)

    assert refused.value.instance_code == "upload.no_room"


def test_what_ended_long_ago_is_forgotten(database: Database, folder: ObjectStore) -> None:
    row = granted(database, opened(database, folder, 3))
    ending.terminate(database, row)
    open_ = opened(database, folder, 3)

    assert ending.trim(database, older_than_s=1000.0) == 0
    assert ending.trim(database, older_than_s=-1.0) == 1

    with pytest.raises(NotFound) as refused:
        writing.look(database, row.id, owner=None)
    assert not isinstance(refused.value, Gone)
    assert writing.look(database, open_.id, owner=None).state is UploadState.OPEN


def test_whole_parts_count_until_they_are_put_together(
    database: Database, folder: ObjectStore
) -> None:
    quotas = Quotas(stored_bytes=10)
    one, two = (partial(database, folder, data) for data in (b"abc", b"defg"))

    with pytest.raises(QuotaExceeded):
        opened(database, folder, 4, quotas=quotas)
    # Their bytes are counted already, and only once.
    opened(database, folder, None, kind=UploadKind.FINAL, parts=(one.id, two.id), quotas=quotas)
    with pytest.raises(QuotaExceeded):
        opened(database, folder, None, kind=UploadKind.FINAL, parts=(two.id,) * 3, quotas=quotas)


def test_what_comes_without_a_length_has_no_more_room_than_others(
    database: Database, folder: ObjectStore
) -> None:
    opened(database, folder, 600)
    row = written(database, folder, granted(database, opened(database, folder, None)), b"x" * 300)
    terms, free_bytes = Terms(life_s=1.0, floor_bytes=0, limit_bytes=1000), folder.free_bytes()
    assert free_bytes is not None

    def left(terms: Terms, quota_bytes: int | None) -> int:
        quotas = Quotas(stored_bytes=quota_bytes)
        return opening.left_bytes(database, folder, row, terms=terms, quotas=quotas)

    assert left(terms, None) == 700
    assert left(terms, 1000) == 100
    with pytest.raises(QuotaExceeded) as refused:
        left(terms, 900)
    with pytest.raises(StorageFull):
        left(Terms(life_s=1.0, floor_bytes=2 * free_bytes, limit_bytes=1000), None)

    assert refused.value.instance_code == "quota.bytes"


def test_parts_that_are_deleted_stay_until_they_have_been_read(
    database: Database, folder: ObjectStore
) -> None:
    part = partial(database, folder, b"one")
    final = opened(database, folder, None, kind=UploadKind.FINAL, parts=(part.id,))
    job_id = completing.put_together(database, folder, granted(database, final), patience=PATIENCE)
    assert job_id is not None
    ending.terminate(database, writing.look(database, part.id, owner=None))

    for _ in range(3):
        housekeeping.collect_garbage(database, folder, patience_s=0.0)
    assert folder.stat(keys.source_key(part.asset_id)).size_bytes == 3
    jobs.cancel(database, job_id)
    housekeeping.collect_garbage(database, folder, patience_s=0.0)

    assert list(folder.list(keys.asset_prefix(part.asset_id))) == []


def test_what_was_promised_is_no_room_for_others(database: Database, folder: ObjectStore) -> None:
    free_bytes = folder.free_bytes()
    assert free_bytes is not None
    opened(database, folder, free_bytes // 2)

    left_bytes = opening.room_bytes(database, folder, 0)

    assert left_bytes is not None
    assert left_bytes < 0.75 * free_bytes
