from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.core.errors import Stopped
from schemas.idle import IdleParams, IdleResult
from workers.steps import idle


def bench(reports: list[dict[str, float]]) -> Any:
    return SimpleNamespace(stop=Event(), scratch=Path(), report=reports.append)


def test_nothing_is_done_in_no_time() -> None:
    assert idle.run(IdleParams(), bench([])) == IdleResult()


def test_it_says_that_it_is_there() -> None:
    reports: list[dict[str, float]] = []

    idle.run(IdleParams(duration_s=0.02), bench(reports))

    assert reports[-1] == {"": 1.0}


def test_a_stop_ends_it() -> None:
    stopping = bench([])
    stopping.stop.set()

    with pytest.raises(Stopped):
        idle.run(IdleParams(duration_s=60), stopping)
