"""Requests of a TUS client, one by one, for tests that look at each answer."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

PATH = "/api/upload/video/tus"
_VERSION = {"Tus-Resumable": "1.0.0"}
_BODY = {"Content-Type": "application/offset+octet-stream"}


def b64(data: str | bytes) -> str:
    """Say it in Base64."""
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def checksum(data: bytes, algorithm: str = "sha1") -> dict[str, str]:
    """Say what a body digests to."""
    return {"Upload-Checksum": f"{algorithm} {b64(hashlib.new(algorithm, data).digest())}"}


def metadata(**pairs: str) -> dict[str, str]:
    """Say something about the file."""
    said = ",".join(f"{name} {b64(value)}" for name, value in pairs.items())
    return {"Upload-Metadata": said}


@dataclass(frozen=True)
class Tus:
    """One client of one server."""

    url: str
    #: Sent with every request: credentials, say.
    headers: Mapping[str, str]
    http: httpx.Client

    def ask(self, method: str, at: str = PATH, **headers: str) -> httpx.Response:
        """Send a request without a body; ``Upload_Length`` says Upload-Length."""
        return self.http.request(method, self.url + at, headers=self._all(headers))

    def _all(self, headers: Mapping[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return {**_VERSION, **self.headers, **named}

    def create(self, size_bytes: int | None, **headers: str) -> str:
        """Open an upload and return its path."""
        length = (
            {"Upload-Length": str(size_bytes)}
            if size_bytes is not None
            else {"Upload-Defer-Length": "1"}
        )
        answer = self.ask("POST", **{**length, **headers})
        assert answer.status_code == 201, answer.text
        return str(answer.headers["Location"])

    def send(self, at: str, offset_bytes: int, data: bytes, **headers: str) -> httpx.Response:
        """Send a piece."""
        said = self._all({**_BODY, "Upload-Offset": str(offset_bytes), **headers})
        return self.http.request("PATCH", self.url + at, headers=said, content=data)

    def offset(self, at: str) -> int:
        """Ask how much is there."""
        answer = self.ask("HEAD", at)
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])

    def status(self, at: str) -> dict[str, Any]:
        """Ask how the upload stands."""
        upload_id = at.rpartition("/")[2]
        answer = self.http.get(
            f"{self.url}/api/upload/status/{upload_id}", headers=dict(self.headers)
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found
