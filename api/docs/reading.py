"""The description, put in the order in which people read it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from pipeline.messages import Words, catalogue, words

Json = Mapping[str, Any]

_TICKED = re.compile(r"`([^`]+)`")
_LIMITS = (
    ("minimum", "≥ {}"),
    ("maximum", "≤ {}"),
    ("exclusiveMinimum", "> {}"),
    ("minLength", "≥ {} characters"),
    ("maxLength", "≤ {} characters"),
    ("minItems", "≥ {} items"),
    ("maxItems", "≤ {} items"),
    ("pattern", "{}"),
    ("default", "= {}"),
)


@dataclass(frozen=True)
class Shown:
    """One operation."""

    id: str
    method: str
    path: str
    said: Json
    #: Those that go well.
    answers: tuple[tuple[str, Json], ...]
    #: Status and codes of the others.
    refusals: tuple[tuple[str, tuple[str, ...]], ...]


def by_tag(description: Json) -> list[tuple[str, list[Shown]]]:
    """Group the operations, in the order of the tags."""
    shown = list(_operations(description))
    tags = [tag["name"] for tag in description["tags"]]
    return [(tag, [one for one in shown if tag in one.said["tags"]]) for tag in tags]


def _operations(description: Json) -> Iterator[Shown]:
    for path, item in description["paths"].items():
        for method, said in item.items():
            responses = said["responses"].items()
            yield Shown(
                id=said["operationId"],
                method=method.upper(),
                path=path,
                said=said,
                answers=tuple(pair for pair in responses if pair[0] < "400" or not _codes(pair[1])),
                refusals=tuple(
                    (status, _codes(each)) for status, each in responses if _codes(each)
                ),
            )


def _codes(response: Json) -> tuple[str, ...]:
    problem = response.get("content", {}).get("application/problem+json", {})
    return tuple(problem.get("examples", ()))


def codes(groups: list[tuple[str, list[Shown]]], language: str) -> list[tuple[str, Words]]:
    """List every code with its words, also those that share the words of their family."""
    shown = (one for _, operations in groups for one in operations)
    used = {code for one in shown for _, found in one.refusals for code in found}
    named = ((code, words(code, language)) for code in sorted(used | set(catalogue())))
    return [(code, said) for code, said in named if said is not None]


def limits(schema: Json) -> str:
    """Say what bounds a value."""
    found = (
        form.format(_written(schema[name]))
        for name, form in _LIMITS
        if schema.get(name) not in (None, [], {}, "")
    )
    return ", ".join(found)


def _written(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return value if isinstance(value, str) else json.dumps(value)


def pretty(value: Any) -> str:
    """Write an example."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def ticked(text: str) -> Markup:
    """Set what stands between backticks as code; everything else is text."""
    pieces = _TICKED.split(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(pieces)
    )
