"""The description is whole: every route, every code, every schema."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from api.openapi.document import document, openapi_path, told
from api.openapi.refusals import refusals
from api.openapi.table import OPERATIONS
from pipeline.messages import words
from tests.support.described import described_app

JSON_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with described_app(tmp_path_factory.mktemp("data")) as app:
        yield app


@pytest.fixture(scope="module")
def description(app: Flask) -> dict[str, Any]:
    return document(OPERATIONS, app.url_map, version="0")


def test_every_route_has_one_operation_and_every_operation_a_route(app: Flask) -> None:
    routes = sorted(
        (rule.endpoint, method) for rule in app.url_map.iter_rules() for method in told(rule)
    )

    assert sorted((one.endpoint, one.method) for one in OPERATIONS) == routes


def test_every_path_is_described(app: Flask, description: dict[str, Any]) -> None:
    said = {(path, how.upper()) for path, item in description["paths"].items() for how in item}

    assert said == {
        (openapi_path(rule), method) for rule in app.url_map.iter_rules() for method in told(rule)
    }


@pytest.mark.parametrize("one", OPERATIONS, ids=lambda one: f"{one.method} {one.endpoint}")
def test_every_code_has_words(one: Any) -> None:
    unknown = [code for codes in refusals(one).values() for code in codes if not words(code, "en")]

    assert unknown == []


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    missing = [
        reference
        for reference in references(description)
        if not found(description, reference.removeprefix("#/").split("/"))
    ]

    assert missing == []


def test_no_schema_is_there_for_nobody(description: dict[str, Any]) -> None:
    used = set(references(description))

    unused = [
        name
        for name in description["components"]["schemas"]
        if f"#/components/schemas/{name}" not in used
    ]

    assert unused == []


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "$ref":
                yield each
            yield from references(each)
    if isinstance(value, list):
        for each in value:
            yield from references(each)


def found(value: Any, way: list[str]) -> bool:
    for step in way:
        value = value.get(step)
        if value is None:
            return False
    return True
