"""Who may follow what, tickets to it, and what ends it; on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.core import links
from pipeline.core.errors import Forbidden, NotFound, Unauthenticated
from pipeline.core.links import Link
from pipeline.database.accounts import LoginKind
from pipeline.database.port import Database
from pipeline.database.rows import NewAsset
from pipeline.profiles import built_in
from pipeline.services import accounts, api_keys, assets, jobs, seats, viewing
from pipeline.services.viewing import Viewer
from schemas.access import AccountChange, AccountRequest, KeyRequest
from schemas.http import JobRequest
from schemas.identity import Identity, Playback, Role, Scope
from schemas.tickets import Audience, Seat
from schemas.vocabulary import AssetId, JobId

KEY = links.key_of(b"s" * 32)
ANYBODY = Viewer(KEY)
OPERATOR = Viewer(KEY, Identity(account="op", role=Role.OPERATOR, is_anonymous=True))


def by(account: str, role: Role = Role.CREATOR) -> Viewer:
    return Viewer(KEY, Identity(account=account, role=role))


@pytest.fixture
def kim(database: Database) -> str:
    request = AccountRequest(name="kim", password="correct horse battery", role=Role.CREATOR)
    return accounts.create(database, request).id


def a_job(database: Database, account: str, playback: Playback) -> tuple[AssetId, JobId]:
    asset_id = AssetId(f"{playback}of{account}")
    new = NewAsset(asset_id, account, "f.mp4", f"assets/{asset_id}/source", 9, "a" * 64, playback)
    with database.write() as tx:
        tx.assets.add(new)
    request = JobRequest(asset_id=asset_id)
    job = jobs.submit(database, request, built_in().get("default"), max_attempts=1, max_lost=1)
    with database.write() as tx:
        tx.assets.play(asset_id, job.id, only_if_none=True)
    return asset_id, job.id


def link_to(database: Database, asset_id: AssetId, seconds: int = 60) -> Viewer:
    with database.read() as tx:
        link = Link(int(tx.jobs.now()) + seconds, 0)
    return Viewer(KEY, token=links.sign(KEY, asset_id, link))


# --- who gets which seat ---------------------------------------------------------------------


def test_an_owner_sees_all_of_a_job_and_others_what_viewers_may(
    database: Database, kim: str
) -> None:
    _, job_id = a_job(database, kim, Playback.UNLISTED)

    audiences = {
        name: seats.offer(database, viewer, job_id).audience
        for name, viewer in {
            "kim": by(kim),
            "operator": OPERATOR,
            "lee": by("lee"),
            "viewer": by(kim, Role.VIEWER),
            "nobody": ANYBODY,
        }.items()
    }

    assert [name for name, one in audiences.items() if one is Audience.OWNERS] == [
        "kim",
        "operator",
    ]


def test_a_private_asset_has_no_job_for_others(database: Database, kim: str) -> None:
    asset_id, job_id = a_job(database, kim, Playback.PRIVATE)

    for viewer in (ANYBODY, by("lee"), by("lee", Role.VIEWER)):
        with pytest.raises(NotFound) as refusal:
            seats.offer(database, viewer, job_id)
        assert refusal.value.instance_code == "job.not_found"
    seat = seats.offer(database, link_to(database, asset_id), job_id)
    assert seat.audience is Audience.VIEWERS
    assert seat.until_s is not None


def test_a_link_opens_the_job_of_its_own_asset_alone(database: Database, kim: str) -> None:
    other, _ = a_job(database, "lee", Playback.PRIVATE)
    _, job_id = a_job(database, kim, Playback.PRIVATE)

    with pytest.raises(Forbidden):
        seats.offer(database, link_to(database, other), job_id)


def test_viewers_follow_what_they_will_watch(database: Database, kim: str) -> None:
    asset_id, _ = a_job(database, kim, Playback.PUBLIC)
    request = JobRequest(asset_id=asset_id)
    tried = jobs.submit(database, request, built_in().get("fast"), max_attempts=1, max_lost=1)

    with pytest.raises(NotFound):
        seats.offer(database, ANYBODY, tried.id)
    assert seats.offer(database, by(kim), tried.id).audience is Audience.OWNERS


def test_following_everything_is_for_operators(database: Database) -> None:
    assert seats.offer(database, OPERATOR, None).audience is Audience.OWNERS
    with pytest.raises(Unauthenticated):
        seats.offer(database, ANYBODY, None)
    with pytest.raises(Forbidden):
        seats.offer(database, by("lee"), None)
    narrow = Identity(account="op", role=Role.ADMIN, scopes=frozenset({Scope.FLEET_READ}))
    with pytest.raises(Forbidden):
        seats.offer(database, Viewer(KEY, narrow), None)


@pytest.mark.parametrize("job_id", ["none", "a\0b", "' OR 1=1", "x" * 500])
def test_an_unknown_job_is_not_found(database: Database, job_id: str) -> None:
    with pytest.raises(NotFound):
        seats.offer(database, OPERATOR, JobId(job_id))


# --- tickets ---------------------------------------------------------------------------------


def test_a_ticket_is_good_once_however_many_try_together(database: Database) -> None:
    seat = seats.offer(database, OPERATOR, None)
    ticket = seats.issue(database, seat)

    def redeem(_: int) -> Seat | None:
        try:
            return seats.redeem(database, ticket.ticket, None)
        except Unauthenticated:
            return None

    with ThreadPoolExecutor(8) as pool:
        got = [found for found in pool.map(redeem, range(24)) if found is not None]

    assert got == [seat]


def test_a_ticket_is_for_one_seat_and_void_when_shown_for_another(database: Database) -> None:
    ticket = seats.issue(database, seats.offer(database, OPERATOR, None)).ticket

    for job_id in (JobId("j1"), None):
        with pytest.raises(Unauthenticated):
            seats.redeem(database, ticket, job_id)


def test_an_old_ticket_is_void_and_swept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = seats.offer(database, OPERATOR, None)
    monkeypatch.setattr(seats, "TICKET_LIFE_S", -1)
    old = [seats.issue(database, seat).ticket for _ in range(3)]

    with pytest.raises(Unauthenticated):
        seats.redeem(database, old[-1], None)
    monkeypatch.setattr(seats, "TICKET_LIFE_S", 30)
    fresh = seats.issue(database, seat).ticket
    assert seats.redeem(database, fresh, None) == seat


def test_no_ticket_stands_in_the_database(database: Database) -> None:
    ticket = seats.issue(database, seats.offer(database, OPERATOR, None)).ticket
    with database.write() as tx:
        assert tx.tickets.take(ticket) is None


# --- what ends a seat ------------------------------------------------------------------------


def test_a_seat_ends_with_what_it_rests_on(database: Database, kim: str) -> None:
    _, job_id = a_job(database, kim, Playback.PRIVATE)
    key = api_keys.create(database, kim, KeyRequest(name="app"))
    with_key = Identity(account=kim, role=Role.CREATOR, key_id=key.id)
    with database.write() as tx:
        tx.logins.add("login1", kim, LoginKind.TOKENS, life_s=60)
    taken = {
        "key": seats.offer(database, Viewer(KEY, with_key), job_id),
        "login": seats.offer(database, by(kim), job_id, login_id="login1"),
    }
    assert seats.void(database, taken.values()) == set()

    api_keys.revoke(database, key.id, owner=None)
    assert seats.void(database, taken.values()) == {taken["key"]}
    with database.write() as tx:
        tx.logins.revoke(["login1"])
    assert seats.void(database, taken.values()) == set(taken.values())


@pytest.mark.parametrize(
    "change", [AccountChange(is_disabled=True), AccountChange(role=Role.VIEWER)]
)
def test_a_seat_ends_with_its_account(database: Database, kim: str, change: AccountChange) -> None:
    _, job_id = a_job(database, kim, Playback.PRIVATE)
    seat = seats.offer(database, by(kim), job_id)

    accounts.change(database, kim, change)

    assert seats.void(database, [seat]) == {seat}


def test_a_seat_ends_with_the_account_that_is_removed(database: Database, kim: str) -> None:
    _, job_id = a_job(database, kim, Playback.PRIVATE)
    seat = seats.offer(database, by(kim), job_id)

    accounts.remove(database, kim)

    assert seats.void(database, [seat]) == {seat}


def test_a_guest_of_another_issuer_comes_back_now_and_then(database: Database) -> None:
    _, job_id = a_job(database, "guest1", Playback.PRIVATE)
    seat = seats.offer(database, by("guest1"), job_id)

    assert seat.until_s is not None
    assert seats.void(database, [seat]) == set()
    over = seat.model_copy(update={"until_s": 1.0})
    assert seats.void(database, [over, seat]) == {over}


@pytest.mark.parametrize("end", [viewing.revoke_links, assets.delete])
def test_a_viewers_seat_ends_with_the_link_and_the_asset(
    database: Database, kim: str, end: Callable[[Database, AssetId], None]
) -> None:
    asset_id, job_id = a_job(database, kim, Playback.PRIVATE)
    seat = seats.offer(database, link_to(database, asset_id), job_id)
    late = seats.offer(database, link_to(database, asset_id, seconds=1), job_id)
    assert seats.void(database, [seat]) == set()

    end(database, asset_id)

    assert seats.void(database, [seat, late]) == {seat, late}


def test_an_open_asset_keeps_its_viewers_until_it_is_gone(database: Database, kim: str) -> None:
    asset_id, job_id = a_job(database, kim, Playback.PUBLIC)
    seat = seats.offer(database, ANYBODY, job_id)
    viewing.revoke_links(database, asset_id)
    assert seats.void(database, [seat]) == set()
    assets.delete(database, asset_id)
    assert seats.void(database, [seat]) == {seat}
