"""JSON schemas whose properties say what the comments beside the fields say."""

import inspect
import re
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

_COMMENT = re.compile(r"    #: (.*)")
_FIELD = re.compile(r"    (\w+): ")


class DescribedSchema(GenerateJsonSchema):
    """Pydantic's schemas, with the ``#:`` comments as descriptions and without made-up titles."""

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        """Describe a model."""
        said = super().model_schema(schema)
        comments = _comments_of(schema["cls"])
        for name, each in said.get("properties", {}).items():
            each.pop("title", None)
            if name in comments:
                each.setdefault("description", comments[name])
        if "description" in said:
            said["description"] = _plain(said["description"])
        return said


@cache
def _comments_of(model: type[BaseModel]) -> dict[str, str]:
    """Collect the comments of a model and of what it is derived from, the nearest first."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            found.update(_comments_in(_source_of(each)))
    return found


def _source_of(model: type[BaseModel]) -> str:
    try:
        return inspect.getsource(model)
    except (OSError, TypeError):
        # One that was made, not written.
        return ""


def _comments_in(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    said: list[str] = []
    for line in source.splitlines():
        comment, field = _COMMENT.fullmatch(line), _FIELD.match(line)
        if comment is not None:
            said.append(comment[1])
        elif field is not None and said:
            found[field[1]] = _plain(" ".join(said))
        if comment is None:
            said = []
    return found


def _plain(text: str) -> str:
    return text.replace("``", "`")
