"""Lists narrowed by filters, page by page, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.core.errors import InvalidRequest, Outdated
from pipeline.database.filters import AssetFilter, Filter, JobFilter
from pipeline.database.port import Database
from pipeline.database.rows import NewAsset
from pipeline.profiles import built_in
from pipeline.services import assets, edits, jobs
from schemas.edits import AssetPatch
from schemas.http import JobRequest
from schemas.identity import Playback
from schemas.vocabulary import AssetId, AssetState, JobState

ODD = '" OR 1=1 -- %_\\'


@pytest.fixture(autouse=True)
def media(database: Database) -> None:
    metadata = [{"order": "7"}, {"order": "7", "is it": "so"}, {ODD: ODD}, {"order": "77"}]
    for number, said in enumerate(metadata):
        with database.write() as tx:
            tx.assets.add(
                NewAsset(
                    id=AssetId(f"a{number}"),
                    account="ann" if number % 2 else "bob",
                    filename=f"Film_{number} 100%.mp4",
                    source_key=f"s{number}",
                    size_bytes=1,
                    sha256="0" * 64,
                    metadata=said,
                )
            )
        jobs.submit(
            database,
            JobRequest(asset_id=AssetId(f"a{number}"), metadata=said),
            built_in().get("fast" if number < 3 else "default"),
            max_attempts=1,
            max_lost=1,
        )


def found(database: Database, **wished: object) -> str:
    page = assets.page(database, cursor=None, limit=9, wished=AssetFilter(**wished))  # type: ignore[arg-type]
    return "".join(sorted(item.id[1] for item in page.items))


def jobs_found(database: Database, **wished: object) -> str:
    page = jobs.page(database, cursor=None, limit=9, wished=JobFilter(**wished))  # type: ignore[arg-type]
    return "".join(sorted(item.asset_id[1] for item in page.items))


def test_assets_are_narrowed(database: Database) -> None:
    assert found(database) == "0123"
    assert found(database, account="ann") == "13"
    assert found(database, owner="ann", account="bob") == ""
    assert found(database, metadata={"order": "7"}) == "01"
    assert found(database, metadata={"order": "7", "is it": "so"}) == "1"
    assert found(database, metadata={ODD: ODD}) == "2"
    assert found(database, metadata={"order": ODD}) == ""
    assert found(database, filename="film_1") == "1"
    assert found(database, filename="100%.") == "0123"
    assert found(database, filename="%m%") == ""
    assert found(database, states=(AssetState.READY, AssetState.PROCESSING)) == "0123"
    assert found(database, states=(AssetState.READY,)) == ""


def test_jobs_are_narrowed(database: Database) -> None:
    assert jobs_found(database, profile="fast") == "012"
    assert jobs_found(database, profile="fast", metadata={"order": "7"}) == "01"
    assert jobs_found(database, asset_id=AssetId("a3")) == "3"
    assert jobs_found(database, states=(JobState.WAITING, JobState.FAILED), owner="bob") == "02"


def test_time_narrows_both_ways(database: Database) -> None:
    now, hour = datetime.now(UTC), timedelta(hours=1)

    assert found(database, created_after=now - hour, created_before=now + hour) == "0123"
    assert found(database, created_after=now + hour) == ""
    assert jobs_found(database, created_before=now - hour) == ""
    assert found(database, created_after=datetime.min.replace(tzinfo=UTC)) == "0123"


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_join_to_the_whole_and_a_cursor_belongs_to_its_filter(
    database: Database, limit: int
) -> None:
    wished = AssetFilter(metadata={"order": "7"})
    seen: list[str] = []
    cursor = None
    while True:
        page = assets.page(database, cursor=cursor, limit=limit, wished=wished)
        seen += [item.id for item in page.items]
        if page.next is None:
            break
        cursor = page.next
        with pytest.raises(InvalidRequest):
            assets.page(database, cursor=cursor, limit=limit, wished=AssetFilter(account="ann"))
        with pytest.raises(InvalidRequest):
            jobs.page(database, cursor=cursor, limit=limit)

    assert seen == ["a1", "a0"]


def test_what_is_said_of_an_asset_changes_where_it_was_seen(database: Database) -> None:
    patch = AssetPatch(metadata={"order": "8"}, playback=Playback.PRIVATE)
    changed = edits.change(database, AssetId("a0"), patch, is_current=lambda _: True)

    assert (changed.metadata, changed.playback) == ({"order": "8"}, Playback.PRIVATE)
    assert changed.filename == "Film_0 100%.mp4"
    assert found(database, metadata={"order": "8"}) == "0"
    with pytest.raises(Outdated):
        edits.change(database, AssetId("a0"), patch, is_current=lambda _: False)
    with pytest.raises(Outdated):
        assets.delete(database, AssetId("a0"), is_current=lambda _: False)


def test_every_filter_has_words_of_its_own_in_the_cursor() -> None:
    assert repr(Filter(account="a")) != repr(Filter(owner="a"))
