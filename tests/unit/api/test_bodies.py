import json
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from api.bodies import (
    BODY_LIMIT_BYTES,
    IdConverter,
    JobBody,
    UploadQuery,
    answer,
    body,
    query,
)
from api.listing import JobListQuery
from api.problems import register
from schemas.http import JobPage


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("bodies")
    app.url_map.converters["id"] = IdConverter
    register(app)

    @app.post("/jobs")
    def post() -> Response:
        return answer(body(JobBody))

    @app.get("/jobs")
    def listing() -> Response:
        query(JobListQuery)
        return answer(JobPage(items=(), next="abc="))

    @app.get("/name")
    def name() -> str:
        return query(UploadQuery).filename

    @app.get("/jobs/<id:job_id>")
    def one(job_id: str) -> str:
        return job_id

    return app.test_client()


GOOD: dict[str, Any] = {"asset_id": "a1"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"a"',
        "{}",
        '{"asset_id": 5}',
        '{"asset_id": "../etc"}',
        '{"asset_id": "a\\u0000"}',
        '{"asset_id": "\\ud800"}',
        '{"asset_id": "' + "a" * 65 + '"}',
        '{"asset_id": "a1", "priority": 10}',
        '{"asset_id": "a1", "priority": 1e400}',
        '{"asset_id": "a1", "priority": "high"}',
        '{"asset_id": "a1", "profile": "' + "p" * 65 + '"}',
        '{"asset_id": "a1", "surprise": 1}',
        '{"asset_id": "a1", "metadata": {"a": 1}}',
        '{"asset_id": "a1", "metadata": {"a": "x\\u0000"}}',
        '{"asset_id": "a1", "metadata": {"a": "' + "x" * 2001 + '"}}',
        json.dumps({**GOOD, "metadata": {str(n): "" for n in range(51)}}),
        '{"asset_id":' + "[" * 5000,
    ],
)
def test_a_wrong_body_is_refused_and_the_field_named(client: FlaskClient, text: str) -> None:
    refused = client.post("/jobs", data=text, content_type="application/json")

    assert refused.status_code == 400
    assert json.loads(refused.data)["errors"]


def test_a_good_body_is_read(client: FlaskClient) -> None:
    taken = client.post("/jobs", json={**GOOD, "metadata": {"for": "Zoë"}})
    assert json.loads(taken.data)["metadata"] == {"for": "Zoë"}


def test_other_content_types_are_refused(client: FlaskClient) -> None:
    assert client.post("/jobs", data="{}", content_type="text/plain").status_code == 415


def test_a_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    text = " " * (BODY_LIMIT_BYTES + 1)
    refused = client.post("/jobs", data=text, content_type="application/json")
    assert refused.status_code == 413
    assert json.loads(refused.data)["code"] == "request.too_large"


@pytest.mark.parametrize(
    "asked",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=" + "9" * 5000,
        "limit=1&limit=2",
        "state=lost",
        "asset_id=%00",
        "cursor=%F0",
        "cursor=",
        "stat=failed",
    ],
)
def test_a_wrong_query_is_refused(client: FlaskClient, asked: str) -> None:
    assert client.get(f"/jobs?{asked}").status_code == 400


def test_a_page_links_to_the_next_with_the_same_filters(client: FlaskClient) -> None:
    link = client.get("/jobs?limit=2&state=failed").headers["Link"]
    assert link == '</jobs?limit=2&state=failed&cursor=abc%3D>; rel="next"'


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("clip.mp4", "clip.mp4"),
        ("a%00b%0D%0Ac.mp4", "abc.mp4"),
        ("%E2%80%AEgpj.exe", "gpj.exe"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("x" * 300, "x" * 255),
        ("%00", "upload"),
        ("", "upload"),
        ("Zo%C3%AB.mov", "Zoë.mov"),
    ],
)
def test_a_filename_is_kept_for_people_to_read(
    client: FlaskClient, given: str, stored: str
) -> None:
    assert client.get(f"/name?filename={given}").get_data(as_text=True) == stored


@pytest.mark.parametrize("bad", ["%00", "a.b", "a%2Fb", "a" * 65, "é", "%F0%28"])
def test_what_cannot_be_an_id_is_an_unknown_address(client: FlaskClient, bad: str) -> None:
    assert client.get(f"/jobs/{bad}").status_code == 404
