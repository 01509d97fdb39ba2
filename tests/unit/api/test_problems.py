import json

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from api.problems import STATUS, FieldsInvalid, register
from pipeline.core.errors import DatabaseUnavailable, NotFound, ReelmillError


def every_error(root: type[ReelmillError]) -> set[type[ReelmillError]]:
    below = {found for kind in root.__subclasses__() for found in every_error(kind)}
    return {root} | {kind for kind in below if kind.__module__.startswith("pipeline.core.")}


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("problems")
    register(app)

    @app.get("/missing")
    def missing() -> str:
        raise NotFound("there is no asset 7", code="asset.not_found")

    @app.get("/away")
    def away() -> str:
        raise DatabaseUnavailable("connection to db.internal:5432 refused")

    @app.get("/fields")
    def fields() -> str:
        raise FieldsInvalid(({"field": "limit", "message": "too big", "code": "le"},))

    @app.get("/bug")
    def bug() -> str:
        secret = "postgresql://app:hunter2@db/reelmill"
        raise RuntimeError(secret)

    @app.get("/teapot")
    def teapot() -> str:
        abort(418)

    return app.test_client()


def test_every_class_of_the_tree_has_its_status() -> None:
    assert set(STATUS) == every_error(ReelmillError)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/missing", 404, "asset.not_found"),
        ("/away", 503, "unavailable.database"),
        ("/fields", 400, "request.invalid"),
        ("/bug", 500, "internal"),
        ("/teapot", 418, "http.418"),
        ("/nowhere", 404, "http.404"),
    ],
)
def test_a_failure_becomes_a_problem_document(
    client: FlaskClient, path: str, status: int, code: str
) -> None:
    answer = client.get(path)

    problem = json.loads(answer.data)
    assert answer.status_code == problem["status"] == status
    assert answer.content_type == "application/problem+json"
    assert problem["code"] == code
    assert "browser" not in problem["detail"]
    assert "manually" not in problem["detail"]
    assert problem["type"] == f"/api/docs#code-{code}"


def test_what_is_away_says_when_to_come_back(client: FlaskClient) -> None:
    assert client.get("/away").headers["Retry-After"] == "2"


def test_what_is_away_is_named_without_its_address(client: FlaskClient) -> None:
    assert json.loads(client.get("/away").data)["detail"] == "The database does not answer."


def test_wrong_fields_are_named(client: FlaskClient) -> None:
    problem = json.loads(client.get("/fields").data)
    assert problem["errors"] == [{"field": "limit", "message": "too big", "code": "le"}]
    assert "limit" in problem["detail"]


def test_nothing_of_a_bug_leaves_the_house(client: FlaskClient) -> None:
    text = client.get("/bug").get_data(as_text=True)
    assert "hunter2" not in text
    assert "Traceback" not in text


def test_a_request_id_of_the_caller_is_kept(client: FlaskClient) -> None:
    problem = json.loads(client.get("/missing", headers={"X-Request-Id": "abc-1"}).data)
    assert problem["instance"] == "urn:reelmill:request:abc-1"


def test_a_strange_request_id_is_replaced(client: FlaskClient) -> None:
    problem = json.loads(client.get("/missing", headers={"X-Request-Id": "a b<script>"}).data)
    assert "script" not in problem["instance"]


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    answer = client.post("/missing")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_problem_is_said_in_the_callers_language(client: FlaskClient) -> None:
    korean = client.get("/missing", headers={"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.5"})
    english = client.get("/missing")

    assert korean.get_json()["title"] == "없는 에셋입니다"
    assert korean.get_json()["cause"]
    assert korean.get_json()["detail"] == english.get_json()["detail"]
    assert korean.headers["Content-Language"] == "ko"
    assert "Accept-Language" in korean.headers["Vary"]
    assert english.get_json()["title"] == "There is no such asset"
