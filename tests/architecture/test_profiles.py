"""The README's table of profile options is the schema's."""

import re
from collections.abc import Iterator
from fractions import Fraction
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.profiles import built_in
from schemas.profile import Profile
from tests.support.product import ROOT

SECTION = (ROOT / "README.md").read_text().split("## Profiles\n")[1].split("\n## ")[0]


def options(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, str]]:
    """List what can be written into a file, each with its default as it would stand there."""
    for name, field in model.model_fields.items():
        inner, is_list = inner_model(field.annotation)
        if inner is None:
            yield f"{before}{name}", default(field)
        else:
            yield from options(inner, f"{before}{name}{'[]' if is_list else ''}.")


def inner_model(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    parts = [part for part in (annotation, *get_args(annotation)) if part not in {NoneType, ...}]
    found = next((p for p in parts if isinstance(p, type) and issubclass(p, BaseModel)), None)
    return found, getattr(annotation, "__origin__", None) is tuple


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)  # type: ignore[call-overload]
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Fraction | float):
        return f"`{float(value):g}`"
    return "" if value in {None, ""} else f"`{value}`"


def test_every_option_stands_in_the_readme_with_its_default() -> None:
    rows = re.findall(r"^\| `([a-z0-9_.\[\]]+)` \| (.*?) \| .+ \|$", SECTION, re.MULTILINE)
    said = {name: text.strip() for name, text in rows}

    wanted = {name: text for name, text in options(Profile) if name != "name"}

    assert said == wanted


def test_every_built_in_profile_is_in_the_readme() -> None:
    assert [each.name for each in built_in() if f"`{each.name}`" not in SECTION] == []
