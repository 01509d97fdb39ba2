"""tus-js-client in a Node of its own."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.node import SCRIPTS, program
from tests.support.product import ROOT


@dataclass(frozen=True)
class JsUpload:
    """What came of it: the upload's address, or the client's words."""

    url: str
    error: str
    retries: int
    requests: list[tuple[str, int]]

    def answers(self, method: str) -> list[int]:
        """List the status of each request of a kind."""
        return [status for name, status in self.requests if name == method]


def js_argv(endpoint: str, source: Path, how: dict[str, Any], **options: Any) -> list[str]:
    """Give the command line of one upload."""
    told = {"source": str(source), "options": {"endpoint": endpoint, **options}, **how}
    return [program(), str(SCRIPTS / "upload.mjs"), json.dumps(told)]


def js_upload(
    endpoint: str, source: Path, how: dict[str, Any] | None = None, **options: Any
) -> JsUpload:
    """Upload a file to the end; ``how`` is for our script, options are the library's."""
    argv = js_argv(endpoint, source, how or {}, **options)
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    return js_result(done.stdout, done.stderr)


def js_result(out: str, err: str = "") -> JsUpload:
    """Read what the script printed."""
    assert out, err
    said = json.loads(out.splitlines()[-1])
    requests = [(method, status) for method, status in said["requests"]]
    return JsUpload(said.get("url") or "", said.get("error", ""), said["retries"], requests)
