"""Who comes to the door: how many, how fast, and how slowly those are answered who guess."""

from ingest.rtmp.admission import FORGET_S, LONGEST_WAIT_S, Doorkeeper, WrongKeys
from ingest.rtmp.pace import BURST_S, Pace
from ingest.rtmp.refusals import told
from pipeline.core.errors import Conflict, DatabaseUnavailable, Forbidden, Unauthenticated


def test_there_is_room_for_so_many_and_so_many_of_one_address() -> None:
    door = Doorkeeper(most=3, most_per_address=2)

    assert [door.enter("a"), door.enter("a"), door.enter("a")] == [True, True, False]
    assert [door.enter("b"), door.enter("c")] == [True, False]
    door.leave("a")
    assert door.enter("c")
    assert door.n_connections == 3


def test_each_wrong_key_costs_twice_the_one_before() -> None:
    now_s = [0.0]
    wrong = WrongKeys(clock=lambda: now_s[0])

    assert [wrong.failed("a") for _ in range(4)] == [0.5, 1.0, 2.0, 4.0]
    assert wrong.failed("b") == 0.5
    assert max(wrong.failed("a") for _ in range(50)) == LONGEST_WAIT_S
    now_s[0] += FORGET_S + 1
    assert wrong.failed("a") == 0.5


def test_what_is_over_the_pace_waits_and_a_burst_does_not() -> None:
    pace = Pace(limit=1000)

    assert pace.wait_s(int(BURST_S * 1000), now_s=0) == 0
    assert pace.wait_s(500, now_s=0) == 0.5
    assert pace.wait_s(1000, now_s=1.5) == 0
    assert pace.wait_s(1000, now_s=1.5) == 1.0


def test_what_is_wrong_inside_is_not_told() -> None:
    status, why = told(DatabaseUnavailable("connection to db.internal refused"))

    assert status == "NetStream.Publish.Failed"
    assert "db.internal" not in why


def test_what_a_publisher_can_mend_is_told() -> None:
    assert told(Unauthenticated("no", remedy="Look."))[0] == "NetStream.Publish.BadName"
    assert told(Conflict("busy", remedy="Wait.")) == ("NetStream.Publish.BadName", "Busy. Wait.")
    assert told(Forbidden("revoked", remedy="Ask."))[0] == "NetStream.Publish.Denied"
