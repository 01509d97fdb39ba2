import time
from collections.abc import Iterator
from threading import Event

import pytest

from api.checks import PATIENCE_S, SILENT, Check, DatabaseGate
from pipeline.core.errors import BrokerUnavailable, DatabaseUnavailable


class Dependency:
    """Answers, refuses or hangs, and counts how often it is asked."""

    def __init__(self) -> None:
        self.n_asked = 0
        self.is_away = False
        self.may_answer = Event()
        self.may_answer.set()

    def check(self) -> None:
        self.n_asked += 1
        self.may_answer.wait()
        if self.is_away:
            raise BrokerUnavailable("amqp://guest:guest@10.0.0.7 refused")


@pytest.fixture
def dependency() -> Iterator[Dependency]:
    made = Dependency()
    yield made
    made.may_answer.set()


def test_what_answers_is_fine(dependency: Dependency) -> None:
    assert Check(dependency.check).start()(PATIENCE_S).is_ok


def test_what_refuses_is_named_without_its_address(dependency: Dependency) -> None:
    dependency.is_away = True

    found = Check(dependency.check).start()(PATIENCE_S)

    assert (found.is_ok, found.code) == (False, "unavailable.broker")
    assert found.detail == "RabbitMQ does not answer or did not confirm."


def test_what_hangs_is_asked_once_and_waited_for_once(dependency: Dependency) -> None:
    dependency.may_answer.clear()
    check = Check(dependency.check)
    assert check.start()(0.05) == SILENT

    began = time.monotonic()
    again = [check.start()(0.05) for _ in range(20)]

    assert again == [SILENT] * 20
    assert time.monotonic() - began < 0.5
    assert dependency.n_asked == 1


def test_what_hung_is_fine_again_once_it_answers(dependency: Dependency) -> None:
    dependency.may_answer.clear()
    check = Check(dependency.check)
    assert check.start()(0.05) == SILENT

    dependency.may_answer.set()

    assert check.start()(PATIENCE_S).is_ok


def test_the_gate_believes_a_good_answer_for_a_while(dependency: Dependency) -> None:
    gate = DatabaseGate(Check(dependency.check))
    for _ in range(10):
        gate.pass_through()
    assert dependency.n_asked == 1


def test_the_gate_never_believes_a_bad_answer(dependency: Dependency) -> None:
    dependency.is_away = True
    gate = DatabaseGate(Check(dependency.check))
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            gate.pass_through()
    assert dependency.n_asked == 2
