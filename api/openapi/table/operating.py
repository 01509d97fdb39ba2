"""What operators' tools ask for, and the description itself."""

from typing import Final

from api.health import Alive, ReadinessView
from api.openapi.operation import Answer, Operation, Tag

_METRICS: Final = "text/plain; version=1.0.0; charset=utf-8"

OPERATING: Final = (
    Operation(
        "health.healthz",
        "GET",
        Tag.HEALTH,
        "Tell whether this process runs",
        answers=(Answer(200, "It does.", Alive),),
        is_static=True,
    ),
    Operation(
        "health.readyz",
        "GET",
        Tag.HEALTH,
        "Tell whether what it needs answers",
        answers=(
            Answer(200, "All of it does.", ReadinessView),
            Answer(503, "Something is away.", ReadinessView),
        ),
        is_static=True,
    ),
    Operation(
        "metrics.metrics",
        "GET",
        Tag.HEALTH,
        "Give figures to Prometheus",
        answers=(Answer(200, "Prometheus text.", content_types=(_METRICS,)),),
        is_static=True,
    ),
    Operation(
        "openapi.description",
        "GET",
        Tag.DOCUMENTATION,
        "Give this description",
        answers=(Answer(200, "OpenAPI 3.1."),),
        is_static=True,
    ),
    Operation(
        "docs.page",
        "GET",
        Tag.DOCUMENTATION,
        "Show this description to people",
        answers=(Answer(200, "The page.", content_types=("text/html; charset=utf-8",)),),
        is_static=True,
    ),
)
