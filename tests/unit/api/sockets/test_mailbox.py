from datetime import UTC, datetime

from api.sockets.mailbox import Mailbox
from schemas.events import Event, EventType, ProgressTick
from schemas.tickets import Audience, Seat
from schemas.vocabulary import JobId, TaskId

JOB = JobId("job")
SEAT = Seat(job_id=JOB, audience=Audience.OWNERS)
AT = datetime(2025, 1, 1, tzinfo=UTC)


def an_event(
    number: int, type_: EventType = EventType.TASK_SUCCEEDED, task: str | None = None
) -> Event:
    return Event(id=number, type=type_, at=AT, job_id=JOB, task_id=TaskId(task) if task else None)


def a_tick(task: str, done: float) -> ProgressTick:
    return ProgressTick(job_id=JOB, task_id=TaskId(task), epoch=1, progress={"720p": done})


def frames(mailbox: Mailbox) -> list[bytes]:
    return [letter.frame for letter in mailbox.take(0).letters]


def test_events_keep_their_order_and_are_taken_once() -> None:
    mailbox = Mailbox(SEAT)
    for number in (1, 2, 3):
        mailbox.put_event(an_event(number), b"%d" % number)

    assert [letter.event_id for letter in mailbox.take(0).letters] == [1, 2, 3]
    assert mailbox.take(0).letters == ()


def test_only_the_latest_progress_of_a_task_waits() -> None:
    mailbox = Mailbox(SEAT)
    mailbox.put_progress(a_tick("a", 0.1), b"a1")
    mailbox.put_progress(a_tick("b", 0.1), b"b1")
    mailbox.put_progress(a_tick("a", 0.2), b"a2")

    assert sorted(frames(mailbox)) == [b"a2", b"b1"]


def test_only_the_newest_numbers_wait_and_none_once_the_right_has_ended() -> None:
    mailbox = Mailbox(Seat(audience=Audience.VIEWERS))
    for frame in (b"one", b"two"):
        mailbox.put_latest(frame)
    assert (frames(mailbox), frames(mailbox)) == ([b"two"], [])

    mailbox.put_latest(b"three")
    mailbox.end()
    assert frames(mailbox) == []


def test_progress_never_follows_the_end_of_its_task() -> None:
    mailbox = Mailbox(SEAT)
    mailbox.put_progress(a_tick("a", 0.9), b"a")
    mailbox.put_progress(a_tick("b", 0.5), b"b")
    mailbox.put_event(an_event(1, task="a"), b"done")

    assert frames(mailbox) == [b"done", b"b"]


def test_progress_never_follows_the_end_of_its_job() -> None:
    mailbox = Mailbox(Seat(audience=Audience.OWNERS))
    mailbox.put_progress(a_tick("a", 0.9), b"a")
    mailbox.put_event(an_event(1, EventType.JOB_CANCELLED), b"cancelled")

    assert frames(mailbox) == [b"cancelled"]


def test_a_full_backlog_is_dropped_for_a_snapshot() -> None:
    mailbox = Mailbox(SEAT, backlog_events=2)
    kept = [mailbox.put_event(an_event(number), b"x") for number in (1, 2, 3, 4)]

    delivery = mailbox.take(0)

    assert kept == [True, True, False, True]
    assert delivery.has_lagged
    assert delivery.letters == ()


def test_after_a_lag_events_are_kept_again() -> None:
    mailbox = Mailbox(SEAT, backlog_events=1)
    for number in (1, 2):
        mailbox.put_event(an_event(number), b"x")
    mailbox.take(0)
    mailbox.put_event(an_event(3), b"three")

    delivery = mailbox.take(0)

    assert not delivery.has_lagged
    assert [letter.frame for letter in delivery.letters] == [b"three"]


def test_a_closing_mailbox_still_delivers() -> None:
    mailbox = Mailbox(SEAT)
    mailbox.put_event(an_event(1), b"last")
    mailbox.close()

    delivery = mailbox.take(60)

    assert delivery.is_closing
    assert [letter.frame for letter in delivery.letters] == [b"last"]


def test_a_nudge_wakes_once() -> None:
    mailbox = Mailbox(SEAT)
    mailbox.nudge()

    assert mailbox.take(60).letters == ()
    assert mailbox.take(0).letters == ()
