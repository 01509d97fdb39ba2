"""The certificate over HTTP and on a terminal."""

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from compose.cli.certificate import in_short, print_points
from pipeline.bootstrap import Pipeline, build
from pipeline.services import tasks
from pipeline.settings import Settings
from schemas.certificate import Figure, Flaw, Point, PointName, Verdict
from schemas.http import AssetView, CertificateView, JobView
from schemas.tasks import ProveParams, ProveResult
from schemas.vocabulary import QueueName
from tests.support import engine

WRONG = Point(
    name=PointName.PICTURES,
    rendition="360p",
    verdict=Verdict.FAILED,
    figures=(Figure(name="n_compared", value=174, fold="sum"),),
    n_flaws=1,
    flaws=(Flaw(rendition="360p", segment=3, at_s=12.0, detail="another picture"),),
)


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    opened = build(Settings(data_dir=tmp_path, anonymous_role="admin", _env_file=None))
    yield opened
    opened.close()


@pytest.fixture
def client(pipeline: Pipeline) -> FlaskClient:
    return create_app(pipeline).test_client()


def ready(pipeline: Pipeline) -> JobView:
    job = engine.submit(pipeline.database)
    for queue in QueueName:
        while queue is not QueueName.PROVE and engine._finish_one(pipeline.database, queue):
            pass
    return job


def prove(pipeline: Pipeline, point: Point) -> None:
    claimed = engine.must_claim(pipeline.database, QueueName.PROVE)
    assert isinstance(claimed.params, ProveParams)
    result = ProveResult(stretch=claimed.params.stretch, points=(point,), cpu_s=2.0)
    tasks.finish(pipeline.database, claimed.task_id, claimed.epoch, result)


def test_before_there_is_one_it_is_not_found(pipeline: Pipeline, client: FlaskClient) -> None:
    job = engine.submit(pipeline.database)

    answer = client.get(f"/api/assets/{job.asset_id}/certificate")

    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["code"] == "certificate.not_found"


def test_it_is_pending_then_passed(pipeline: Pipeline, client: FlaskClient) -> None:
    asset_id = ready(pipeline).asset_id

    pending = CertificateView.model_validate_json(
        client.get(f"/api/assets/{asset_id}/certificate").data
    )
    prove(pipeline, engine.PROVEN)
    passed = CertificateView.model_validate_json(
        client.get(f"/api/assets/{asset_id}/certificate").data
    )

    assert in_short(pending) == "pending, 0 of 1 stretches compared"
    assert in_short(passed) == "passed, all 1 points"
    assert passed.points == (engine.PROVEN,)
    shown = AssetView.model_validate_json(client.get(f"/api/assets/{asset_id}").data)
    assert shown.certificate == "passed"


def test_a_failure_names_its_place(pipeline: Pipeline, client: FlaskClient) -> None:
    asset_id = ready(pipeline).asset_id
    prove(pipeline, WRONG)

    answer = client.get(f"/api/assets/{asset_id}/certificate", headers={"Accept-Language": "ko"})
    failed = CertificateView.model_validate_json(answer.data)

    assert failed.error is not None
    assert failed.error.title == "결과물이 검증을 통과하지 못했습니다"
    assert in_short(failed).endswith("pictures. [certificate.failed]")
    with redirect_stdout(io.StringIO()) as out:
        print_points(failed)
    assert "pictures 360p segment 3 at 12.000 s: another picture" in out.getvalue()
    shown = AssetView.model_validate_json(client.get(f"/api/assets/{asset_id}").data)
    assert (shown.state, shown.certificate) == ("ready", "failed")
