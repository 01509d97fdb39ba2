"""What commands print."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from compose.cli import output
from schemas.vocabulary import QueueName
from schemas.workers import QueueView

Capture = pytest.CaptureFixture[str]

QUEUE = QueueView(
    name=QueueName.PROBE, ready=1, delayed=0, running=2, is_paused=False, live_slots=3
)


def test_json_is_what_the_schema_says(capsys: Capture) -> None:
    output.print_json([QUEUE])

    assert json.loads(capsys.readouterr().out) == [QUEUE.model_dump(mode="json")]


def test_a_table_is_not_cut_off_when_piped(capsys: Capture) -> None:
    output.print_table(("A", "B"), [("x" * 80, "y" * 80), (None, ("p", "q"))])

    printed = capsys.readouterr().out
    assert "x" * 80 in printed
    assert "y" * 80 in printed
    assert "p, q" in printed


def test_texts_of_others_are_printed_as_they_are(capsys: Capture) -> None:
    output.print_table(("A",), [("[red]x[/red]",)])

    assert "[red]x[/red]" in capsys.readouterr().out


def test_an_empty_table_says_so(capsys: Capture) -> None:
    output.print_table(("A",), [])

    assert "Nothing here yet." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(None, None), (0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2_000_000_000_000, "2.0 TB")],
)
def test_sizes_are_for_people(n_bytes: int | None, text: str | None) -> None:
    assert output.size(n_bytes) == text


@pytest.mark.parametrize(("seconds", "text"), [(5, "5 s"), (61, "1 min"), (90_000, "1 d")])
def test_ages_are_for_people(seconds: int, text: str) -> None:
    assert output.age(datetime.now(UTC) - timedelta(seconds=seconds)) == text
