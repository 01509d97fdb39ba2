"""Events become deliveries once; deliveries are sent by one at a time, and tried again."""

import threading
from collections import Counter

import pytest

from pipeline.core.errors import Conflict, NotFound
from pipeline.core.webhooks import Answered
from pipeline.database.port import Database
from pipeline.database.webhooks import DeliveryFilter
from pipeline.services import accounts, assets, deliveries, sending, webhooks
from pipeline.services.announcing import announce
from pipeline.services.watching import number_events
from schemas.access import AccountChange, AccountRequest
from schemas.events import EventType
from schemas.identity import Role
from schemas.webhooks import (
    DeliveryState,
    DisabledReason,
    Outcome,
    WebhookChange,
    WebhookId,
    WebhookPayload,
)
from tests.support.hooks import (
    BROKEN,
    DELIVERED,
    OUTBOUND,
    SAFE,
    announce_all,
    asset_of,
    happen,
    log_of,
    make,
    must_begin,
)


def bodies(db: Database, webhook_id: WebhookId) -> list[WebhookPayload]:
    return [WebhookPayload.model_validate_json(row.body) for row in log_of(db, webhook_id)]


def test_a_webhook_is_told_of_what_happens_from_now_on(database: Database) -> None:
    asset_id = asset_of(database, "local", {"app": "mine"})
    happen(database, asset_id, 3)
    hook = make(database)

    happen(database, asset_id, 2)
    announce_all(database)

    told = bodies(database, hook)
    assert [one.sequence for one in told] == [1, 2]
    assert {one.asset_id for one in told} == {asset_id}
    assert told[0].asset_metadata == {"app": "mine"}
    assert [one.event_id for one in told] == [4, 5]


def test_accounts_hear_of_their_own_and_operators_of_all(database: Database) -> None:
    hooks = {name: make(database, account=name) for name in ("a", "b")}
    everywhere = make(database, account="op", is_system_wide=True)
    of = {name: asset_of(database, name) for name in ("a", "b")}

    for asset_id in of.values():
        happen(database, asset_id)
    announce_all(database)

    for name, hook in hooks.items():
        assert [one.asset_id for one in bodies(database, hook)] == [of[name]]
    assert {one.asset_id for one in bodies(database, everywhere)} == set(of.values())


def test_only_what_is_asked_for_is_told(database: Database) -> None:
    plain = make(database)
    tasks = make(database, events=("task.*", "asset.deleted"))
    asset_id = asset_of(database, "local")

    happen(database, asset_id, type_=EventType.TASK_STARTED)
    happen(database, asset_id, type_=EventType.ASSET_READY)
    announce_all(database)

    assert [one.type for one in bodies(database, plain)] == ["asset.ready"]
    assert [one.type for one in bodies(database, tasks)] == ["task.started"]


def test_a_deleted_asset_is_still_somebodys(database: Database) -> None:
    hook = make(database, account="a")
    asset_id = asset_of(database, "a", {"app": "mine"})
    happen(database, asset_id)

    assets.delete(database, asset_id)
    announce_all(database)

    told = bodies(database, hook)
    assert [one.type for one in told] == ["asset.ready", "asset.deleted"]
    assert told[1].asset_metadata == {"app": "mine"}
    assert told[1].data == {}


def test_a_commit_that_comes_late_is_told_of(database: Database) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    is_open, may_commit = threading.Event(), threading.Event()

    def late() -> None:
        with database.write() as tx:
            tx.emit(EventType.ASSET_PLAYABLE, asset_id=asset_id)
            is_open.set()
            may_commit.wait(10)

    thread = threading.Thread(target=late)
    thread.start()
    is_open.wait(10)
    if database._is_sqlite:  # type: ignore[attr-defined]  # one writer: it can only come first
        may_commit.set()
    happen(database, asset_id)
    announce_all(database)
    may_commit.set()
    thread.join()
    announce_all(database)

    assert Counter(one.type for one in bodies(database, hook)) == {
        "asset.playable": 1,
        "asset.ready": 1,
    }


def test_several_announcers_tell_once(database: Database) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    happen(database, asset_id, 60)
    start = threading.Barrier(4)

    def run() -> None:
        start.wait(10)
        while announce(database, limit=7):
            pass

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    told = bodies(database, hook)
    assert [one.sequence for one in told] == list(range(1, 61))
    assert len({one.event_id for one in told}) == 60
    assert sorted(one.event_id or 0 for one in told) == [one.event_id for one in told]


def test_a_webhook_made_while_events_come_misses_none_after_it(database: Database) -> None:
    asset_id, made = asset_of(database, "local"), []
    make(database)
    is_done = threading.Event()

    def run() -> None:
        while not is_done.is_set():
            announce(database, limit=3)
        announce_all(database)

    thread = threading.Thread(target=run)
    thread.start()
    for _ in range(5):
        happen(database, asset_id, 4)
        made.append(make(database))
    happen(database, asset_id, 4)
    is_done.set()
    thread.join()

    # Each hears of all that came after it; of what came just before, perhaps.
    assert [len(log_of(database, hook)) for hook in made] == [20, 16, 12, 8, 4]


def test_of_two_senders_one_sends(database: Database) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    happen(database, asset_id, 2)
    announce_all(database)

    first = must_begin(database, hook)

    assert sending.begin(database, hook) is None
    second = sending.settle(database, first, DELIVERED, goes_on=True)
    assert second is not None
    assert [first.delivery.sequence, second.delivery.sequence] == [1, 2]
    assert sending.settle(database, second, DELIVERED, goes_on=True) is None
    assert sending.begin(database, hook) is None
    assert {row.state for row in log_of(database, hook)} == {DeliveryState.DELIVERED}
    assert webhooks.show(database, hook).n_delivered == 2


def test_many_senders_make_each_request_once(database: Database) -> None:
    hooks, asset_id = [make(database) for _ in range(3)], asset_of(database, "local")
    happen(database, asset_id, 10)
    announce_all(database)
    sent: list[str] = []
    start = threading.Barrier(4)

    def run() -> None:
        start.wait(10)
        for hook in hooks * 3:
            post = sending.begin(database, hook)
            while post is not None:
                sent.append(post.delivery.id)
                post = sending.settle(database, post, DELIVERED, goes_on=True)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(sent) == len(set(sent)) == 30


def test_a_lease_that_is_over_is_anothers_and_the_late_one_writes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    happen(database, asset_id)
    announce_all(database)
    monkeypatch.setattr(sending, "LEASE_S", 0.0)

    frozen = must_begin(database, hook)
    again = must_begin(database, hook)
    late = sending.settle(database, frozen, BROKEN, goes_on=True)

    assert again.delivery.id == frozen.delivery.id
    assert again.delivery.body == frozen.delivery.body
    assert late is None
    assert log_of(database, hook)[0].attempts == ()
    sending.settle(database, again, DELIVERED, goes_on=True)
    assert log_of(database, hook)[0].state is DeliveryState.DELIVERED


def test_what_was_handed_back_is_sent_at_once(database: Database) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    happen(database, asset_id)
    announce_all(database)

    sending.hand_back(database, must_begin(database, hook))

    assert must_begin(database, hook).delivery.sequence == 1


def test_a_failure_is_tried_later_and_others_are_not_kept_waiting(database: Database) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    happen(database, asset_id, 2)
    announce_all(database)

    following = sending.settle(database, must_begin(database, hook), BROKEN, goes_on=True)

    assert following is not None
    assert following.delivery.sequence == 2
    sending.settle(database, following, DELIVERED, goes_on=True)
    waiting = log_of(database, hook)[0]
    assert waiting.state is DeliveryState.PENDING
    assert waiting.attempts[0]["status"] == 500
    with database.read() as tx:
        next_s = tx.webhooks.next_due_s()
    assert next_s is not None
    assert 3 < next_s <= 6


def test_an_endpoint_that_is_down_rests_and_is_told_everything_when_it_is_back(
    database: Database,
) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    happen(database, asset_id, 10)
    announce_all(database)

    post: sending.Post | None = must_begin(database, hook)
    n_tried = 0
    while post is not None:
        n_tried += 1
        post = sending.settle(database, post, BROKEN, goes_on=True)
    assert n_tried == 4, "it was not left alone"
    assert sending.begin(database, hook) is None
    with database.write() as tx:
        tx.webhooks.wake(hook)
    sending.settle(database, must_begin(database, hook), DELIVERED, goes_on=False)

    n_left = 0
    post = sending.begin(database, hook)
    while post is not None:
        n_left += 1
        post = sending.settle(database, post, DELIVERED, goes_on=True)
    assert n_left == 9, "what failed before waits on although the endpoint is back"


def test_gone_disables_and_says_so(database: Database) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    other = make(database, events=("webhook.*",))
    happen(database, asset_id, 2)
    announce_all(database)

    gone = Answered(Outcome.REFUSED, 410)
    assert sending.settle(database, must_begin(database, hook), gone, goes_on=True) is None
    announce_all(database)

    shown = webhooks.show(database, hook)
    assert not shown.is_enabled
    assert shown.disabled_reason is DisabledReason.GONE
    assert shown.n_failed == 1
    assert bodies(database, other)[0].data == {"webhook_id": hook, "reason": "gone"}
    assert sending.begin(database, hook) is None


def test_days_of_failures_disable(database: Database) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    happen(database, asset_id, 2)
    announce_all(database)
    sending.settle(database, must_begin(database, hook), BROKEN, goes_on=False)
    assert webhooks.show(database, hook).failing_since is not None
    with database.write() as tx:
        tx.webhooks.change(hook, {"failing_since": tx.jobs.now() - 4 * 86_400})

    sending.settle(database, must_begin(database, hook), BROKEN, goes_on=True)

    shown = webhooks.show(database, hook)
    assert shown.disabled_reason is DisabledReason.FAILING
    webhooks.change(database, OUTBOUND, hook, WebhookChange(is_enabled=True))
    assert webhooks.show(database, hook).failing_since is None


def test_what_happened_before_the_first_webhook_is_not_waded_through(database: Database) -> None:
    asset_id = asset_of(database, "local")
    happen(database, asset_id, 30)
    hook = make(database)
    happen(database, asset_id, 1)

    assert announce(database, limit=5) == 1
    assert len(log_of(database, hook)) == 1


def test_what_the_dead_held_is_freed(database: Database) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    happen(database, asset_id)
    announce_all(database)
    dead = must_begin(database, hook)

    sending.release_all(database)

    again = must_begin(database, hook)
    assert again.delivery.id == dead.delivery.id
    assert sending.settle(database, dead, BROKEN, goes_on=True) is None
    assert log_of(database, hook)[0].attempts == ()


def test_what_happens_while_disabled_is_not_told_of(database: Database) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    off, on = WebhookChange(is_enabled=False), WebhookChange(is_enabled=True)

    webhooks.change(database, OUTBOUND, hook, off)
    with pytest.raises(Conflict, match="disabled"):
        deliveries.ping(database, hook)
    happen(database, asset_id, 2)
    announce_all(database)
    webhooks.change(database, OUTBOUND, hook, on)
    happen(database, asset_id)
    announce_all(database)

    assert [one.sequence for one in bodies(database, hook)] == [1]
    assert webhooks.show(database, hook).disabled_reason is None


def test_a_delivery_is_sent_again_when_asked_for(database: Database) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    happen(database, asset_id)
    announce_all(database)
    sending.settle(database, must_begin(database, hook), DELIVERED, goes_on=True)
    before = log_of(database, hook)[0]

    shown = deliveries.redeliver(database, hook, before.id)
    post = must_begin(database, hook)
    sending.settle(database, post, BROKEN, goes_on=True)

    assert shown.state is DeliveryState.PENDING
    assert (post.delivery.id, post.delivery.body) == (before.id, before.body)
    after = log_of(database, hook)[0]
    assert [one["status"] for one in after.attempts] == [200, 500]
    assert after.state is DeliveryState.PENDING


def test_both_secrets_sign_after_a_rotation(database: Database) -> None:
    hook = make(database)

    rotated = webhooks.rotate(database, SAFE, hook)

    assert rotated.previous_secret_until is not None
    with database.read() as tx:
        row = webhooks.need(tx, hook, owner=None)
    assert row.previous_secret is not None
    assert SAFE.read(row.secret, hook) != SAFE.read(row.previous_secret, hook)
    assert rotated.secret not in (row.secret, row.previous_secret)
    assert "secret" not in webhooks.show(database, hook).model_dump()


def test_another_accounts_webhook_is_not_there(database: Database) -> None:
    hook = make(database, account="a")
    deliveries.ping(database, hook, owner="a")
    delivery = log_of(database, hook)[0].id

    for call in (
        lambda: webhooks.show(database, hook, owner="b"),
        lambda: webhooks.change(database, OUTBOUND, hook, WebhookChange(), owner="b"),
        lambda: webhooks.rotate(database, SAFE, hook, owner="b"),
        lambda: webhooks.delete(database, hook, owner="b"),
        lambda: deliveries.ping(database, hook, owner="b"),
        lambda: deliveries.page(database, hook, cursor=None, limit=9, owner="b"),
        lambda: deliveries.show(database, hook, delivery, owner="b"),
        lambda: deliveries.redeliver(database, hook, delivery, owner="b"),
    ):
        with pytest.raises(NotFound):
            call()  # type: ignore[no-untyped-call]
    assert webhooks.page(database, cursor=None, limit=9, owner="b").items == ()
    assert [one.id for one in webhooks.page(database, cursor=None, limit=9).items] == [hook]


def test_an_account_has_a_limit(database: Database) -> None:
    for _ in range(webhooks.MAX_PER_ACCOUNT):
        make(database, account="a")

    with pytest.raises(Conflict, match="already"):
        make(database, account="a")
    make(database, account="b")


def test_the_log_is_read_page_by_page_and_narrowed(database: Database) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    other = asset_of(database, "local")
    happen(database, asset_id, 5)
    happen(database, other, 2, EventType.ASSET_FAILED)
    announce_all(database)

    first = deliveries.page(database, hook, cursor=None, limit=4)
    second = deliveries.page(database, hook, cursor=first.next, limit=4)
    failed = DeliveryFilter(type="asset.failed")
    of_one = DeliveryFilter(asset_id=asset_id, state=DeliveryState.PENDING)

    assert [one.sequence for one in (*first.items, *second.items)] == [7, 6, 5, 4, 3, 2, 1]
    assert second.next is None
    assert first.items[0].payload is None
    assert len(deliveries.page(database, hook, cursor=None, limit=9, wanted=failed).items) == 2
    assert len(deliveries.page(database, hook, cursor=None, limit=9, wanted=of_one).items) == 5


def test_what_ended_long_ago_is_forgotten_and_what_waits_too_long_given_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    happen(database, asset_id, 3)
    announce_all(database)
    sending.settle(database, must_begin(database, hook), DELIVERED, goes_on=False)

    deliveries.trim(database, retention_s=3600.0)
    assert [row.state for row in log_of(database, hook)] == ["delivered", "pending", "pending"]
    deliveries.trim(database, retention_s=-1.0)
    assert [row.state for row in log_of(database, hook)] == ["pending", "pending"]
    monkeypatch.setattr(deliveries, "_OVERDUE_S", -1.0)
    deliveries.trim(database, retention_s=3600.0)

    assert [row.state for row in log_of(database, hook)] == ["failed", "failed"]
    assert webhooks.show(database, hook).n_failed == 2


def test_deleting_takes_the_deliveries_along(database: Database) -> None:
    hook, asset_id = make(database, account="a"), asset_of(database, "a")
    happen(database, asset_id)
    announce_all(database)
    post = must_begin(database, hook)

    webhooks.delete(database, hook, owner="a")

    assert sending.settle(database, post, DELIVERED, goes_on=True) is None
    assert log_of(database, hook) == []
    gone = make(database, account="a")
    with database.write() as tx:
        tx.webhooks.delete_of("a")
    with pytest.raises(NotFound):
        webhooks.show(database, gone)


def test_an_account_hears_only_while_it_may(database: Database) -> None:
    operator = accounts.create(database, AccountRequest(name="op", role=Role.OPERATOR)).id
    everywhere = make(database, account=operator, is_system_wide=True)
    own = make(database, account=operator)
    asset_id, theirs = asset_of(database, "local"), asset_of(database, operator)

    def heard() -> tuple[int, int]:
        happen(database, asset_id)
        happen(database, theirs)
        announce_all(database)
        return len(log_of(database, everywhere)), len(log_of(database, own))

    assert heard() == (2, 1)
    accounts.change(database, operator, AccountChange(role=Role.CREATOR))
    assert heard() == (2, 2)
    accounts.change(database, operator, AccountChange(is_disabled=True))
    assert heard() == (2, 2)
    accounts.remove(database, operator)
    assert webhooks.page(database, cursor=None, limit=9).items == ()


def test_what_waits_is_counted(database: Database) -> None:
    hook, asset_id = make(database), asset_of(database, "local")
    happen(database, asset_id, 2)
    number_events(database)
    with database.read() as tx:
        assert tx.webhooks.lag() == 2
    announce_all(database)
    sending.settle(database, must_begin(database, hook), DELIVERED, goes_on=False)

    with database.read() as tx:
        assert tx.webhooks.lag() == 0
        n_waiting, late_s = tx.deliveries.waiting()
        assert tx.webhooks.totals() == (1, 0)
    assert n_waiting == 1
    assert 0 <= late_s < 60
