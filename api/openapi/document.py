"""Operations and routes → the OpenAPI document, in the typed form of ``openapi-pydantic``."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openapi_pydantic.v3.v3_1 import (
    Components,
    Info,
    OpenAPI,
    PathItem,
)
from openapi_pydantic.v3.v3_1 import Tag as DocumentedTag
from werkzeug.routing import Map, Rule

from api.openapi import admission, parts
from api.openapi.operation import Operation, Tag
from api.openapi.schemas import SchemaBook

_ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
#: What the framework adds to every GET.
_IMPLIED = frozenset({"HEAD", "OPTIONS"})

#: Websockets at an address that also answers plainly, and tells of both.
_TOLD_WITH_ANOTHER = frozenset({"flv.flv_sockets.stream", "flv.flv_sockets.linked"})

_ABOUT = (
    "Hand files in, have them made playable, follow and play them. Errors are problem documents"
    " (RFC 9457) with a stable `code`; `/api/docs` lists every code with its cause and remedy."
)


def document(operations: Sequence[Operation], routes: Map, *, version: str) -> dict[str, Any]:
    """Describe the API as JSON-able values.

    Raises:
        KeyError: an operation has no route.
    """
    book = SchemaBook(operations)
    rules = {(rule.endpoint, method): rule for rule in routes.iter_rules() for method in told(rule)}
    paths: dict[str, PathItem] = {}
    for one in operations:
        rule = rules[one.endpoint, one.method]
        item = paths.setdefault(openapi_path(rule), PathItem())
        setattr(item, one.method.lower(), parts.operation(one, rule, book))
    whole = OpenAPI(
        openapi="3.1.1",
        info=Info(title="Reelmill", version=version, description=_ABOUT),
        tags=[DocumentedTag(name=tag) for tag in Tag if any(o.tag is tag for o in operations)],
        paths=dict(sorted(paths.items())),
        components=Components(headers=parts.headers(), securitySchemes=admission.schemes()),
    )
    said = whole.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    # As pydantic wrote them: the typed form would reorder and drop what it does not know.
    said["components"]["schemas"] = book.components
    return said


def told(rule: Rule) -> Iterator[str]:
    """Name the methods of a route that must be described."""
    if rule.endpoint in _TOLD_WITH_ANOTHER:
        return iter(())
    methods = frozenset(rule.methods or ())
    implied = _IMPLIED if "GET" in methods else {"OPTIONS"}
    return iter(sorted(methods - implied))


def openapi_path(rule: Rule) -> str:
    """Write a route as OpenAPI does: ``/api/assets/{asset_id}``."""
    return _ARGUMENT.sub(r"{\1}", rule.rule)


def operations_of(table: Mapping[str, Sequence[Operation]]) -> tuple[Operation, ...]:
    """Join the parts of the table."""
    return tuple(one for part in table.values() for one in part)
