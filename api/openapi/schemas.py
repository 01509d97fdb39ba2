"""Pydantic models → the JSON schemas of the description."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.openapi.described import DescribedSchema
from api.openapi.operation import Operation
from schemas.http import Problem

_TEMPLATE = "#/components/schemas/{model}"

JsonSchema = Mapping[str, Any]


class SchemaBook:
    """Every schema that some operations speak of, by model and direction."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        wanted = sorted(dict.fromkeys(_models(operations)), key=lambda one: one[0].__name__)
        references, found = models_json_schema(
            wanted, ref_template=_TEMPLATE, schema_generator=DescribedSchema
        )
        self._references = references
        self._all: dict[str, dict[str, Any]] = found["$defs"]
        queries = [one.query for one in operations if one.query is not None]
        self._queries = {self._name(query, "validation") for query in queries}

    def taken(self, model: type[BaseModel]) -> JsonSchema:
        """Refer to what a request may hold."""
        return self._references[model, "validation"]

    def given(self, model: type[BaseModel]) -> JsonSchema:
        """Refer to what an answer holds."""
        return self._references[model, "serialization"]

    def fields(self, model: type[BaseModel]) -> Iterator[tuple[str, JsonSchema, bool]]:
        """Go through a query's parameters: name, schema, whether it must be there."""
        whole = self._all[self._name(model, "validation")]
        for name, schema in whole.get("properties", {}).items():
            yield name, _not_null(schema), name in whole.get("required", ())

    @property
    def components(self) -> dict[str, JsonSchema]:
        """All schemas by name, sorted; queries are parameters, not schemas."""
        return {name: self._all[name] for name in sorted(self._all) if name not in self._queries}

    def _name(self, model: type[BaseModel], mode: JsonSchemaMode) -> str:
        return str(self._references[model, mode]["$ref"]).rpartition("/")[2]


def _models(operations: Sequence[Operation]) -> Iterator[tuple[type[BaseModel], JsonSchemaMode]]:
    yield Problem, "serialization"
    for one in operations:
        for answer in one.answers:
            if answer.schema is not None:
                yield answer.schema, "serialization"
        if isinstance(one.body, type):
            yield one.body, "validation"
        if one.query is not None:
            yield one.query, "validation"


def _not_null(schema: JsonSchema) -> JsonSchema:
    """Leave out that a parameter may be null: one that is not there is not sent."""
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    if schema.get("default") is not None:
        rest["default"] = schema["default"]
    forms = [form for form in schema.get("anyOf", ()) if form != {"type": "null"}]
    if not forms:
        return rest
    return {**forms[0], **rest} if len(forms) == 1 else {**rest, "anyOf": forms}
