"""The Docker stack, as far as it can be judged without a Docker engine."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from compose import configuration, secrets
from compose.cli.app import command
from compose.cli.roles import parse_queues
from compose.env_example import fields
from pipeline.settings import Settings
from schemas.vocabulary import QueueName
from tests.support import nginx
from tests.support.ports import free_port

FOLDER = Path(__file__).parents[3] / "compose"
TEXT = (FOLDER / "compose.yaml").read_text()
STACK: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
ROLES = {name: service for name, service in SERVICES.items() if service["image"] == "reelmill"}

#: What the compose specification knows of a service and we use.
SERVICE_KEYS = {
    *("build", "cap_drop", "command", "depends_on", "environment", "healthcheck", "hostname"),
    *("image", "init", "ports", "restart", "security_opt", "stop_grace_period", "tmpfs"),
    "volumes",
}


def test_the_stack_has_every_part() -> None:
    workers = {"worker", "worker-fetch", "worker-short", "worker-proof"}
    workers |= {"worker-live", "worker-record"}
    assert set(ROLES) == {"api", "ingest", "scheduler", *workers}
    assert set(SERVICES) - set(ROLES) == {
        *("nginx", "postgres", "rabbitmq", "seaweedfs", "valkey"),
    }
    assert SERVICES["rabbitmq"]["image"].startswith("rabbitmq:4")


def test_only_known_words_are_used() -> None:
    assert {key for key in STACK if not key.startswith("x-")} == {"name", "services", "volumes"}
    assert {key for service in SERVICES.values() for key in service} <= SERVICE_KEYS


@pytest.mark.parametrize("role", ROLES)
def test_a_role_runs_a_command_that_exists(role: str) -> None:
    name, *arguments = ROLES[role]["command"]

    found = command().commands[name]

    # Parses the options without running anything.
    found.make_context(name, list(arguments))


def test_every_queue_has_a_worker() -> None:
    heard = set()
    for role in (each for each in ROLES if each.startswith("worker")):
        argv = ROLES[role]["command"]
        heard.update(parse_queues(argv[argv.index("--queues") + 1]))

    # GPUs are given to containers by whoever has them.
    assert heard == set(QueueName) - {QueueName.ENCODE_GPU}


@pytest.mark.parametrize("role", ROLES)
def test_a_roles_environment_is_settings_that_parse(
    role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = ROLES[role]["environment"]
    assert set(environment) <= set(fields())
    for name, value in environment.items():
        given = re.sub(r"\$\{(\w+):\?[^}]*\}", r"the-long-secret-of-the-service-of-\1", value)
        monkeypatch.setenv(name, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", given))

    settings = configuration.load()

    configuration.require_distributed(settings)
    assert "the-long-secret-of-the-service-of-POSTGRES_PASSWORD" in settings.resolved_database_url


def test_no_secret_has_a_default() -> None:
    variables = re.findall(r"\$\{(\w+)(:.)?", TEXT)

    required = {name for name, mark in variables if mark == ":?"}
    assert required == set(secrets.NAMES)
    assert {name for name, _ in variables} - required == {
        *("REELMILL_PORT", "REELMILL_PUBLIC_URL", "REELMILL_TRUSTED_PROXIES"),
        *("REELMILL_RTMP_BIND", "REELMILL_RTMP_PORT"),
    }
    for line in TEXT.splitlines():
        if re.search(r"PASS|SECRET_KEY|ACCESS_KEY|AUTH", line):
            assert ":?" in line, line


def test_who_signs_has_the_secret_of_those_beside_it() -> None:
    # Links and tokens by the API; what webhooks are sent by the scheduler; who reads at the door.
    given = {name for name, role in ROLES.items() if "REELMILL_SECRET" in role["environment"]}

    assert given == {"api", "ingest", "scheduler", "worker-live"}


def test_only_this_host_can_reach_the_stack() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert sorted(ports) == [
        "${REELMILL_RTMP_BIND:-127.0.0.1}:${REELMILL_RTMP_PORT:-1935}:1935",
        "127.0.0.1:${REELMILL_PORT:-8080}:8080",
    ]


def test_everything_waited_for_can_say_that_it_is_healthy() -> None:
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            # The image itself brings the API's.
            assert needed == "api" or "test" in SERVICES[needed]["healthcheck"]


def test_every_file_that_is_mounted_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (FOLDER / source).is_file()
            elif not source.startswith("/"):
                assert source in STACK["volumes"]


def test_the_image_copies_what_is_there_and_runs_as_nobody_special() -> None:
    lines = (FOLDER / "Dockerfile").read_text().splitlines()
    ignored = (FOLDER.parent / ".dockerignore").read_text().splitlines()

    for line in lines:
        if line.startswith("COPY") and "--from" not in line:
            sources = [word for word in line.split()[1:-1] if not word.startswith("--")]
            for source in sources:
                assert (FOLDER.parent / source).exists()
                assert f"!{source}" in ignored
    assert "USER reelmill" in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    entry = next(line for line in lines if line.startswith("CMD"))
    name, *arguments = re.findall(r'"([^"]*)"', entry)
    command().commands[name].make_context(name, arguments)


def test_rabbitmq_waits_longer_than_the_longest_source_is_accepted() -> None:
    text = (FOLDER / "rabbitmq.conf").read_text()

    found = re.search(r"^consumer_timeout = (\d+)$", text, re.MULTILINE)

    assert found is not None
    assert int(found[1]) / 1000 > Settings().max_source_duration_s


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    config = nginx.render(tmp_path, port=free_port(), api="127.0.0.1:8080")

    checked = subprocess.run(
        ["nginx", "-t", "-e", "stderr", "-c", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr


def test_nginx_lets_uploads_and_websockets_through() -> None:
    text = (FOLDER / "nginx.conf").read_text()

    for line in (
        "client_max_body_size    0;",
        "proxy_request_buffering off;",
        "proxy_http_version 1.1;",
        "proxy_set_header Upgrade           $http_upgrade;",
    ):
        assert line in text
