"""Tags and filters over HTTP, as apps and browsers use them."""

from collections.abc import Iterator

import httpx
import pytest

from api.client import ApiError
from schemas.edits import AssetPatch
from schemas.http import AssetView, JobRequest
from schemas.identity import Playback
from schemas.listing import AssetWish, JobWish
from schemas.vocabulary import AssetState
from tests.support.served import Served, serving


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        yield served


@pytest.fixture
def asset(api: Served) -> AssetView:
    answer = httpx.post(f"{api.url}/api/assets?filename=a.mp4", content=b"film")
    return AssetView.model_validate_json(answer.content)


def test_what_has_not_changed_is_not_sent_again(api: Served, asset: AssetView) -> None:
    job = api.client.submit(JobRequest(asset_id=asset.id))
    for path in (f"/api/assets/{asset.id}", "/api/assets", f"/api/jobs/{job.id}", "/api/jobs"):
        first = httpx.get(f"{api.url}{path}")
        etag = first.headers["ETag"]
        again = httpx.get(f"{api.url}{path}", headers={"If-None-Match": etag})
        korean = httpx.get(
            f"{api.url}{path}", headers={"If-None-Match": '"other"', "Accept-Language": "ko"}
        )

        assert not etag.startswith("W/")
        assert first.headers["Cache-Control"] == "private, no-cache"
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
        assert "Accept-Language" in again.headers["Vary"]
        assert korean.status_code == 200


def test_a_change_is_for_what_was_seen(api: Served, asset: AssetView) -> None:
    url = f"{api.url}/api/assets/{asset.id}"
    etag = httpx.get(url).headers["ETag"]

    changed = httpx.patch(url, json={"filename": "b.mp4"}, headers={"If-Match": etag})
    late = httpx.patch(url, json={"filename": "c.mp4"}, headers={"If-Match": etag})
    deleted = httpx.delete(url, headers={"If-Match": etag})
    unseen = httpx.patch(url, json={"metadata": {"k": "v"}}, headers={"If-Match": "*"})
    weak = httpx.patch(url, json={}, headers={"If-Match": f"W/{unseen.headers['ETag']}"})
    gone = httpx.delete(url, headers={"If-Match": unseen.headers["ETag"]})

    assert changed.json()["filename"] == "b.mp4"
    assert changed.headers["ETag"] != etag
    assert (late.status_code, late.json()["code"]) == (412, "request.outdated")
    assert deleted.status_code == 412
    assert unseen.json()["metadata"] == {"k": "v"}
    assert weak.status_code == 400
    assert gone.status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filename": None},
        {"filename": 7},
        {"playback": "secret"},
        {"metadata": {"a": 1}},
        {"metadata": {"a": "\0"}},
        {"metadata": {str(n): "" for n in range(51)}},
        {"id": "x"},
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    api: Served, asset: AssetView, body: dict[str, object]
) -> None:
    answer = httpx.patch(f"{api.url}/api/assets/{asset.id}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")


def test_the_client_narrows_and_changes(api: Served, asset: AssetView) -> None:
    patch = AssetPatch(metadata={"order [7]": "a=b&c"}, playback=Playback.UNLISTED)
    api.client.change_asset(asset.id, patch)
    api.client.submit(JobRequest(asset_id=asset.id, profile="fast", metadata={"n": "1"}))

    wish = AssetWish(
        metadata=patch.metadata,
        state=(AssetState.WAITING, AssetState.PROCESSING),
        created_after="2020-01-01T00:00:00+09:00",
        filename="A.MP",
    )
    assert [one.id for one in api.client.assets(wish).items] == [asset.id]
    jobs = api.client.jobs(JobWish(metadata={"n": "1"}, profile="fast", asset_id=asset.id))
    assert [job.asset_id for job in jobs.items] == [asset.id]
    assert api.client.assets(AssetWish(account="nobody")).items == ()
    with pytest.raises(ApiError) as refusal:
        api.client.change_asset(asset.id, patch, etag='"old"')
    assert refusal.value.problem.code == "request.outdated"


@pytest.mark.parametrize(
    "query",
    [
        "state=ready&state=ready&state=no",
        "created_after=1700000000",
        "created_after=2026-02-30T00:00:00Z",
        "created_after=2026-02-03T00:00:00",
        "metadata=x",
        "metadata[a]=1&metadata[a]=2",
        "metadata[a]=%00",
        "filename=%00",
        "account=",
        "limit[a]=1",
        "nonsense=1",
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(api: Served, query: str) -> None:
    for path in ("assets", "jobs"):
        answer = httpx.get(f"{api.url}/api/{path}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid"), path


def test_the_next_page_keeps_the_filter(api: Served) -> None:
    for number in range(3):
        made = httpx.post(f"{api.url}/api/assets", content=b"film").json()["id"]
        api.client.change_asset(made, AssetPatch(metadata={"page[]": "é&", "n": str(number)}))

    first = httpx.get(f"{api.url}/api/assets", params={"metadata[page[]]": "é&", "limit": 2})
    link = first.headers["Link"].split(">")[0][1:]
    second = httpx.get(f"{api.url}{link}")

    assert [len(first.json()["items"]), len(second.json()["items"])] == [2, 1]
    assert "Link" not in second.headers
