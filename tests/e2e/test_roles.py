"""The distributed form: every role a process of its own, on servers they share."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from api.client import Client
from schemas.http import JobRequest
from tests.support.house import REELMILL, is_serving, reelmill
from tests.support.ports import free_port
from tests.support.product import ROOT
from tests.support.seaweed import S3Address
from tests.support.waiting import wait_until

WORKERS = {
    "encoder": ["worker", "--queues", "encode.cpu", "--slots", "1"],
    "helper": ["worker", "--queues", "probe,thumbnails,package", "--slots", "2"],
}


@pytest.fixture
def environment(
    rabbitmq_url: str,
    redis_url: str,
    postgres_database: str,
    s3: S3Address,
    broker_prefix: str,
) -> dict[str, str]:
    return {
        "REELMILL_BROKER_URL": rabbitmq_url,
        "REELMILL_BROKER_PREFIX": broker_prefix,
        "REELMILL_REDIS_URL": redis_url,
        "REELMILL_DATABASE_URL": postgres_database,
        "REELMILL_S3_ENDPOINT": s3.endpoint,
        "REELMILL_S3_ACCESS_KEY": s3.access_key,
        "REELMILL_S3_SECRET_KEY": s3.secret_key,
        "REELMILL_S3_BUCKET": s3.bucket,
        "REELMILL_S3_SECURE": str(s3.secure).lower(),
        "REELMILL_SECRET": "8f3a61c09b7e24d5f1830a6c5e92d74b",
        "PATH": "/usr/bin:/bin",
    }


@contextmanager
def role(
    environment: dict[str, str], folder: Path, *arguments: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a role with a disk of its own; it must end well within ten seconds of SIGTERM."""
    named = {**environment, "REELMILL_DATA_DIR": str(folder), "HOME": str(folder)}
    with subprocess.Popen([*REELMILL, *arguments], cwd=ROOT, env=named) as process:
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()


@pytest.fixture
def url(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Address of an API with a scheduler and two workers behind it, each in its own folder."""
    url = f"http://127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        for name, arguments in {
            "api": ["api", "--port", url.rsplit(":", 1)[1]],
            "scheduler": ["scheduler"],
            **WORKERS,
        }.items():
            (tmp_path / name).mkdir()
            stack.enter_context(role(environment, tmp_path / name, *arguments))
        wait_until(lambda: is_serving(url), timeout_s=30)
        yield url


@pytest.fixture
def key(url: str, environment: dict[str, str], tmp_path: Path) -> str:
    """An API key, made as an operator makes the first."""
    named = {**environment, "REELMILL_DATA_DIR": str(tmp_path / "operator")}
    argv = [*REELMILL, "key", "add", "test"]
    made = subprocess.run(argv, cwd=ROOT, env=named, capture_output=True, text=True, check=True)
    return made.stdout.strip()


def test_a_file_becomes_playable_with_no_shared_disk(url: str, key: str, film: Path) -> None:
    with Client(url, credential=key) as client:
        asset = client.upload(film)
        job = client.submit(JobRequest(asset_id=asset.id))
        messages = list(client.watch(job.id))
        done = client.job(job.id)

        assert done.state == "succeeded", done.error
        assert client.asset(asset.id).state == "ready"
        assert "progress" in {message.type for message in messages}
        assert len(client.workers()) == len(WORKERS)


def test_the_doctor_sees_every_service(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("REELMILL_DATA_DIR", str(tmp_path))

    ended = reelmill("doctor", "--json")

    checks = {check["name"]: check for check in ended.json["checks"]}
    assert ended.code == 0, ended.out
    assert "postgresql" in checks["database"]["detail"]
    assert "RabbitMQ" in checks["broker"]["detail"]
    assert "Redis" in checks["events"]["detail"]
    assert environment["REELMILL_S3_ENDPOINT"] in checks["storage"]["detail"]


def test_the_doctor_names_each_service_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("REELMILL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("REELMILL_BROKER_URL", f"amqp://{nowhere}")
    monkeypatch.setenv("REELMILL_REDIS_URL", f"redis://{nowhere}")
    monkeypatch.setenv("REELMILL_DATABASE_URL", f"postgresql://{nowhere}/x")

    ended = reelmill("doctor", "--json")

    codes = {check["name"]: check["code"] for check in ended.json["checks"]}
    assert ended.code == 1
    assert codes["broker"] == "unavailable.broker"
    assert codes["database"] == "unavailable.database"
    assert codes["events"].startswith("unavailable")
    assert codes["storage"] == codes["ffmpeg"] == ""
