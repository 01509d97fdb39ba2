"""What stands in a broadcast's row, read: whoever wrote it may be older or newer than we are."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from schemas.stream_stats import DoorFacts, LadderFacts, Told

Kind = TypeVar("Kind", bound=Told)


def door_facts(told: Mapping[str, Any]) -> DoorFacts:
    """Read what the door measures."""
    return _read(DoorFacts, told)


def ladder_facts(told: Mapping[str, Any]) -> LadderFacts:
    """Read what the live task tells."""
    return _read(LadderFacts, told)


def _read(kind: type[Kind], told: Mapping[str, Any]) -> Kind:
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        wrong = {one["loc"][0] for one in error.errors(include_url=False, include_context=False)}
        return kind.model_validate({name: told[name] for name in told if name not in wrong})
