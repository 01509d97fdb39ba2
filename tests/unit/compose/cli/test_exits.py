"""Every way a command can end."""

import json
from pathlib import Path

import pytest

from compose.cli.app import run
from compose.cli.exits import Exit, code_of
from compose.cli.roles import parse_queues
from pipeline.core import errors
from pipeline.core.errors import InvalidRequest, ReelmillError
from schemas.vocabulary import QueueName
from tests.support.ports import free_port

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFound(""), Exit.REFUSED),
        (errors.Conflict(""), Exit.REFUSED),
        (errors.TooLarge(""), Exit.REFUSED),
        (errors.InvalidRequest("", code="config.invalid"), Exit.USAGE),
        (errors.BrokerUnavailable(""), Exit.UNREACHABLE),
        (errors.NotMedia(""), Exit.FAILED),
    ],
)
def test_an_error_has_its_exit_code(error: ReelmillError, code: Exit) -> None:
    assert code_of(error) is code


def test_no_command_shows_the_help(capsys: Capture) -> None:
    assert run([]) == Exit.USAGE

    captured = capsys.readouterr()
    assert "submit" in captured.out + captured.err


@pytest.mark.parametrize("arguments", [["--help"], ["jobs", "--help"], ["worker", "--help"]])
def test_help_is_fine(arguments: list[str], capsys: Capture) -> None:
    assert run(arguments) == Exit.OK
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["submit"],
        ["submit", "x.mp4", "--priority", "10"],
        ["worker", "--queues", "probe"],
        ["plan", "/does/not/exist.mp4"],
        ["jobs", "list", "--state", "tired"],
        ["jobs", "list", "--server", "localhost"],
        ["jobs", "list", "--server", "http://host:port"],
        ["jobs", "list", "--server", "http://[::1"],
        ["jobs", "show", ""],
        ["jobs", "cancel", "../../assets"],
        ["assets", "delete", "an-id?and=more"],
    ],
)
def test_wrong_usage_is_told_and_ends_with_2(arguments: list[str], capsys: Capture) -> None:
    assert run(arguments) == Exit.USAGE

    told = capsys.readouterr().err
    assert "Error" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "arguments",
    [
        ["jobs", "list"],
        ["jobs", "show", "j"],
        ["jobs", "cancel", "j"],
        ["jobs", "retry", "j"],
        ["assets", "list"],
        ["assets", "show", "a"],
        ["assets", "delete", "a"],
        ["queues"],
        ["workers"],
    ],
)
def test_a_server_that_is_away_is_named_and_ends_with_3(
    arguments: list[str], capsys: Capture
) -> None:
    server = f"http://127.0.0.1:{free_port()}"

    assert run([*arguments, "--server", server]) == Exit.UNREACHABLE

    told = capsys.readouterr().err
    assert server in told
    assert "reelmill up" in told
    assert "[api.unreachable]" in told


def test_submit_says_for_each_file_what_went_wrong(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    files = [str(tmp_path / "none.mp4"), str(tmp_path / "a.mp4")]
    server = f"http://127.0.0.1:{free_port()}"

    code = run(["submit", *files, "--json", "--server", server])

    entries = json.loads(capsys.readouterr().out)
    assert [entry["error"]["code"] for entry in entries] == ["file.unreadable", "api.unreachable"]
    said = {"asset_id", "job_id", "state", "watch_url", "warnings", "error"}
    assert set(entries[0]) == said
    # The first that went wrong.
    assert code == Exit.REFUSED


@pytest.mark.parametrize(
    "arguments",
    [["api"], ["scheduler"], ["worker", "--queues", "probe", "--slots", "1"]],
)
def test_a_role_without_shared_services_ends_with_2(arguments: list[str], capsys: Capture) -> None:
    assert run(arguments) == Exit.USAGE

    told = capsys.readouterr().err
    assert "REELMILL_BROKER_URL" in told
    assert "reelmill up" in told


#: Services that nobody looks for before the secret.
SHARED = {
    "REELMILL_BROKER_URL": "amqp://localhost",
    "REELMILL_DATABASE_URL": "postgresql://localhost/reelmill",
    "REELMILL_REDIS_URL": "redis://localhost",
    "REELMILL_S3_ENDPOINT": "localhost:8333",
}


@pytest.mark.parametrize("role", ["api", "scheduler"])
def test_a_role_that_signs_starts_only_with_a_secret(
    role: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    for name, value in SHARED.items():
        monkeypatch.setenv(name, value)

    assert run([role]) == Exit.USAGE
    assert "REELMILL_SECRET" in capsys.readouterr().err


def test_a_wrong_setting_ends_with_2(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("REELMILL_LEASE_S", "-1")

    assert run(["up"]) == Exit.USAGE
    assert "REELMILL_LEASE_S" in capsys.readouterr().err


def test_queues_are_read_once_each_and_in_order() -> None:
    wanted = (QueueName.PACKAGE, QueueName.PROBE)

    assert parse_queues("package, probe,package") == wanted


@pytest.mark.parametrize("text", ["", ",", "probe,encode"])
def test_unknown_queues_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_queues(text)

    assert "encode.cpu" in refused.value.remedy


def test_a_password_in_an_address_is_refused_and_not_shown(capsys: Capture) -> None:
    assert run(["jobs", "list", "--server", "http://user:s3cret@host"]) == Exit.USAGE

    assert "s3cret" not in "".join(capsys.readouterr())
