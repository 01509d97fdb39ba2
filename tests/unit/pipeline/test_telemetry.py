import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import structlog

from pipeline.telemetry import exposition, new_registry, setup_logging


@dataclass(frozen=True)
class Wished:
    log_json: bool = True
    log_level: str = "INFO"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_json_lines_carry_event_facts_and_bound_ids() -> None:
    stream = io.StringIO()
    setup_logging(Wished(), stream=stream)

    with structlog.contextvars.bound_contextvars(task_id="t1"):
        structlog.get_logger("workers").info("task.finished", took_s=1.5)

    line = json.loads(stream.getvalue())
    assert line["event"] == "task.finished"
    assert (line["took_s"], line["task_id"], line["level"]) == (1.5, "t1", "info")


def test_libraries_log_in_the_same_form() -> None:
    stream = io.StringIO()
    setup_logging(Wished(), stream=stream)

    logging.getLogger("gunicorn.error").warning("Booting %s", "worker")

    assert json.loads(stream.getvalue())["event"] == "Booting worker"


def test_what_is_below_the_level_is_not_written() -> None:
    stream = io.StringIO()
    setup_logging(Wished(log_level="warning"), stream=stream)

    structlog.get_logger("api").info("http.answered")

    assert stream.getvalue() == ""


def test_text_lines_show_the_cause_of_a_failure() -> None:
    stream = io.StringIO()
    setup_logging(Wished(log_json=False), stream=stream)

    try:
        int("broken")
    except ValueError:
        structlog.get_logger("api").exception("http.failed")

    assert "http.failed" in stream.getvalue()
    assert "ValueError: invalid literal" in stream.getvalue()


def test_a_registry_tells_about_its_process() -> None:
    text, content_type = exposition(new_registry())
    assert b"process_resident_memory_bytes" in text
    assert content_type.startswith("text/plain")
