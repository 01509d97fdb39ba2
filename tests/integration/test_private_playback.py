"""A private asset: every address of it opens by a signed link, and none without."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from pipeline.core import links
from pipeline.core.keys import asset_prefix, media_path
from pipeline.core.links import Link
from pipeline.services import assets, viewing
from schemas.identity import Playback
from schemas.playback import PlaybackLinkRequest
from schemas.vocabulary import AssetId, Encryption
from tests.support.clips import Clips
from tests.support.films import film
from tests.support.hand_work import SMALL, Hand
from tests.support.served import Served, serving
from tests.support.walking import walk

LOCKED = SMALL.model_copy(
    update={"name": "locked", "ladder": SMALL.ladder[-1:], "encryption": Encryption.AES_128}
)
WHOLE = LOCKED.model_copy(update={"name": "whole", "encryption": None, "has_download": True})
#: Some address of each of these kinds is walked over.
KINDS = {
    "locked": {".json", ".m3u8", ".vtt", ".jpg", ".mp4", ".m4s", ".key"},
    "whole": {".json", ".m3u8", ".mpd", ".vtt", ".jpg", ".mp4", ".m4s"},
}


@dataclass(frozen=True)
class Private:
    """A finished private asset and all that can be fetched of it."""

    asset_id: AssetId
    token: str
    addresses: frozenset[str]

    def by(self, token: str | None) -> list[str]:
        """Name all addresses as they are for another token."""
        mark = f"/~{self.token}"
        return [url.replace(mark, "" if token is None else f"/~{token}") for url in self.addresses]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("data"), anonymous_role="") as served:
        yield served


@pytest.fixture(scope="module")
def key(served: Served) -> bytes:
    return links.key_of(served.pipeline.secret)


@pytest.fixture(scope="module")
def client(served: Served) -> FlaskClient:
    return served.app.test_client()


@pytest.fixture(scope="module")
def made(
    served: Served, key: bytes, client: FlaskClient, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Private]:
    source = film(Clips(tmp_path_factory.mktemp("clips")))
    hand = Hand(served.pipeline, tmp_path_factory.mktemp("hand"))
    ids = {
        profile.name: hand.submit(source, profile, playback=Playback.PRIVATE)[0]
        for profile in (LOCKED, WHOLE)
    }
    hand.work()
    return {name: _walked(served, key, client, asset_id) for name, asset_id in ids.items()}


def _walked(served: Served, key: bytes, client: FlaskClient, asset_id: AssetId) -> Private:
    given = viewing.link(served.pipeline.database, asset_id, PlaybackLinkRequest(), key=key)
    urls = [url for name, url in dict(given).items() if name.endswith("_url") and url]
    chapters = given.hls_url.replace("master.m3u8", "chapters.vtt")

    def read(address: str) -> bytes:
        answer = client.get(address)
        assert answer.status_code == 200, address
        return answer.data

    token = given.hls_url.split("/~")[1].split("/")[0]
    return Private(asset_id, token, frozenset(walk([*urls, chapters], read)))


@pytest.fixture(params=["locked", "whole"])
def private(request: pytest.FixtureRequest, made: dict[str, Private]) -> Private:
    return made[request.param]


def statuses(client: FlaskClient, addresses: list[str]) -> set[int]:
    return {client.get(address).status_code for address in addresses}


@pytest.mark.parametrize("name", KINDS)
def test_the_walk_went_everywhere_and_every_address_carries_the_token(
    name: str, made: dict[str, Private]
) -> None:
    found = made[name]

    assert {Path(url).suffix for url in found.addresses if "/media/" in url} == KINDS[name]
    assert all(f"/~{found.token}" in url for url in found.addresses)
    assert len(found.addresses) > 25


def test_nothing_opens_without_a_link(client: FlaskClient, private: Private) -> None:
    assert statuses(client, private.by(None)) == {HTTPStatus.NOT_FOUND}


def test_nothing_opens_by_a_link_of_another_asset(
    client: FlaskClient, private: Private, made: dict[str, Private]
) -> None:
    (other,) = (each for each in made.values() if each is not private)
    assert statuses(client, private.by(other.token)) == {HTTPStatus.FORBIDDEN}


def test_nothing_opens_by_an_expired_or_a_lengthened_link(
    client: FlaskClient, private: Private, key: bytes
) -> None:
    over = links.sign(key, private.asset_id, Link(1_700_000_000, 0))
    longer = f"9{private.token}"

    assert statuses(client, private.by(over)) == {HTTPStatus.FORBIDDEN}
    assert statuses(client, private.by(longer)) == {HTTPStatus.FORBIDDEN}
    assert statuses(client, private.by("")) <= {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


def test_no_object_of_it_lies_open(
    served: Served, client: FlaskClient, private: Private, made: dict[str, Private]
) -> None:
    stored = [found.key for found in served.pipeline.storage.list(asset_prefix(private.asset_id))]
    paths = [media_path(private.asset_id, key) for key in stored]
    (other,) = (each for each in made.values() if each is not private)

    assert len(paths) > 20
    for path in paths:
        assert client.get(f"/media/{private.asset_id}/{path}").status_code == 404
        around = f"/media/{other.asset_id}/~{other.token}/../{private.asset_id}/{path}"
        assert client.get(around).status_code in {403, 404}
    # The link opens what is played, not what was handed in.
    assert client.get(f"/media/{private.asset_id}/~{private.token}/source").status_code == 404


def test_no_shared_cache_keeps_it_and_no_own_one_for_longer_than_the_link(
    client: FlaskClient, private: Private, key: bytes, served: Served
) -> None:
    with served.pipeline.database.read() as tx:
        soon = Link(int(tx.jobs.now()) + 30, 0)
    for url in private.by(links.sign(key, private.asset_id, soon)):
        told = client.get(url).headers["Cache-Control"]
        assert "public" not in told
        assert "s-maxage" not in told
        assert told.startswith("private")
        age_s = int(told.partition("max-age=")[2].partition(",")[0] or 0)
        assert age_s <= 30


def test_revoking_ends_every_link(
    served: Served, key: bytes, client: FlaskClient, tmp_path: Path
) -> None:
    database = served.pipeline.database
    asset = assets.create(
        database,
        served.pipeline.storage,
        filename="f.mp4",
        blocks=[b"film"],
        limit_bytes=9,
        playback=Playback.PRIVATE,
    )
    before = viewing.link(database, asset.id, PlaybackLinkRequest(), key=key)
    assert client.get(before.asset_url).status_code == 200
    viewing.revoke_links(database, asset.id)
    after = viewing.link(database, asset.id, PlaybackLinkRequest(), key=key)

    refused = client.get(before.asset_url)
    assert refused.status_code == 403
    assert refused.json is not None
    assert refused.json["code"] == "playback.link_revoked"
    assert client.get(after.asset_url).status_code == 200


def test_a_page_by_a_link_tells_search_engines_and_other_sites_nothing(
    client: FlaskClient, private: Private
) -> None:
    page = client.get(f"/watch/{private.asset_id}/~{private.token}")

    assert page.status_code == 200
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "private, no-store"
    # A page that shows no link may not show the address without one either.
    assert f"/media/{private.asset_id}/m" not in page.text


def test_viewers_are_told_nothing_of_source_owner_and_work(
    client: FlaskClient, private: Private
) -> None:
    told = client.get(f"/media/{private.asset_id}/~{private.token}/asset.json").json

    assert told is not None
    assert (
        set(told) & {"sha256", "size_bytes", "facts", "metadata", "account", "renditions"} == set()
    )
    assert told["hls_url"] == f"/media/{private.asset_id}/~{private.token}/master.m3u8"
