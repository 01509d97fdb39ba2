"""Logs and metrics: how they look, not what they say. Every role sets them up once at start.

An event is fixed dotted words, facts are keys (``log.info("task.finished", took_s=…)``); ids
are bound at the edge where work enters and cleared after it.
"""

import logging
import sys
from typing import Protocol, TextIO

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from structlog.typing import Processor

#: Bucket borders in seconds for things a person or a player waits for.
LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
#: Bucket borders in seconds for tasks.
WORK_BUCKETS_S = (0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)

#: Libraries that tell each request or heartbeat at INFO.
_CHATTY = (
    *("pika", "dramatiq", "urllib3", "httpx", "httpcore", "werkzeug", "apscheduler", "alembic"),
)


class LogSettings(Protocol):
    """The part of the settings that says how to log."""

    @property
    def log_json(self) -> bool:
        """Whether lines are JSON."""

    @property
    def log_level(self) -> str:
        """Least severe level that is logged."""


def setup_logging(settings: LogSettings, *, stream: TextIO | None = None) -> None:
    """Send our own logs and those of the libraries to one stream in one form.

    That stream is standard error unless given, so that a command's output stays clean.
    """
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(is_json=settings.log_json))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # pika prints a traceback per refused connection; our adapter reports each outage once.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        # Tests set logging up more than once.
        cache_logger_on_first_use=False,
    )


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _formatter(*, is_json: bool) -> structlog.stdlib.ProcessorFormatter:
    renderer: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if is_json
        # The plain form: the fancy one prints local variables, and secrets with them.
        else [
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )


def new_registry() -> CollectorRegistry:
    """Make a registry that already tells about the process, its memory and the interpreter.

    One per role and process rather than the library's global one, so that two roles in one
    process (or two tests) never meet in it.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def exposition(registry: CollectorRegistry) -> tuple[bytes, str]:
    """Write a registry in Prometheus' text form; the second value is its content type."""
    return generate_latest(registry), CONTENT_TYPE_LATEST
