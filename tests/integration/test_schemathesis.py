"""The API against its own description: every operation, every check, by schemathesis.

The short form has a minute or so; the long one (``make soak``) goes on for half an hour.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.services import api_keys
from tests.support.product import ROOT
from tests.support.served import Served, serving

CONFIG = ROOT / "tests/support/schemathesis.toml"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("data")
    bounds = {"dry_run_wait_s": 0.05, "upload_limit_bytes": 2**20, "rate_limits": "never"}
    with serving(folder, anonymous_role="", **bounds) as served:
        yield served


def fuzz(url: str, folder: Path, *options: str, timeout_s: float) -> None:
    """Fail with what was found, or with why nothing could be."""
    argv = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "--no-color"),
        *("run", f"{url}/api/openapi.json", "--continue-on-failure"),
        *("--report", "junit", "--report-dir", str(folder), *options),
    ]
    done = subprocess.run(
        argv, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=timeout_s, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]


def shown(api: Served) -> tuple[str, ...]:
    """Show the key of an admin."""
    return ("-H", f"Authorization: Bearer {api_keys.house_key(api.pipeline.database, '')}")


def test_the_api_keeps_to_its_description(api: Served, tmp_path: Path) -> None:
    options = ("-n", "8", "--seed", "4", *shown(api))
    fuzz(api.url, tmp_path, *options, timeout_s=240)


def test_whoever_shows_nothing_is_answered_by_the_description(tmp_path: Path) -> None:
    with serving(tmp_path / "data", anonymous_role="") as api:
        options = ("-n", "2", "--seed", "4", "--phases", "coverage")
        fuzz(api.url, tmp_path, *options, timeout_s=240)


@pytest.mark.soak
@pytest.mark.timeout(2400)
def test_the_api_keeps_to_its_description_for_half_an_hour(api: Served, tmp_path: Path) -> None:
    options = ("--max-time", "1800", *shown(api))
    fuzz(api.url, tmp_path, *options, timeout_s=2300)
