"""Upload doors as processes of their own: the one others use, and ours."""

import hashlib
import sys
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
import urllib3

from pipeline.core.keys import source_key
from schemas.vocabulary import AssetId
from tests.support.node import SCRIPTS, program
from tests.support.ports import free_port
from tests.support.product import ROOT
from tests.support.seaweed import S3Address, client
from tests.support.server import PLAIN_ENV, Server
from tests.support.wire import Wire, WireError

TUS_PATH = "/api/upload/video/tus"


class Door(Server):
    """Takes uploads at ``url``; may be killed and started again."""

    stopped_within_s = 20.0

    def __init__(self, folder: Path | None = None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder)
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.url = self.base_url + TUS_PATH
        self.data = self.folder / "data"

    def is_answering(self) -> bool:
        try:
            with Wire(self.url) as wire:
                return wire.ask("OPTIONS", TUS_PATH).status in {200, 204}
        except (OSError, WireError):
            return False

    @abstractmethod
    def stored(self, location: str) -> Path:
        """Find the bytes of a finished upload."""

    def sha256(self, location: str) -> str:
        """Digest them."""
        with self.stored(location).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class ReferenceDoor(Door):
    """``@tus/server`` over its file store. Raises FileNotFoundError where Node is missing."""

    name = "tus-server"

    def argv(self) -> Sequence[str]:
        return [program(), str(SCRIPTS / "reference.mjs"), str(self.data), str(self.port)]

    def stored(self, location: str) -> Path:
        return self.data / location.rsplit("/", 1)[1]


class OwnDoor(Door):
    """Our API in a process of its own, on SQLite and a folder unless the settings say otherwise."""

    name = "own-door"

    def __init__(
        self,
        form: str = "embedded",
        folder: Path | None = None,
        *,
        s3: S3Address | None = None,
        **settings: object,
    ) -> None:
        super().__init__(folder)
        self.data.mkdir(exist_ok=True)
        self._form, self._s3 = form, s3
        chosen = {
            "data_dir": self.data,
            "http_port": self.port,
            "anonymous_role": "admin",
            "log_level": "WARNING",
            **({} if s3 is None else s3_settings(s3)),
            **settings,
        }
        self._env = {f"REELMILL_{name.upper()}": str(value) for name, value in chosen.items()}

    def argv(self) -> Sequence[str]:
        return [sys.executable, "-W", "error", "-m", "tests.support.door_process", self._form]

    def env(self) -> Mapping[str, str]:
        return {**PLAIN_ENV, "PYTHONPATH": str(ROOT), **self._env}

    def status(self, location: str) -> dict[str, Any]:
        """Ask what became of an upload."""
        return upload_status(location)

    def stored(self, location: str) -> Path:
        return self.data / "objects" / self._key(location)

    def sha256(self, location: str) -> str:
        if self._s3 is None:
            return super().sha256(location)
        return s3_sha256(self._s3, self._key(location))

    def _key(self, location: str) -> str:
        return source_key(AssetId(self.status(location)["assetId"]))

    @property
    def processes(self) -> list[psutil.Process]:
        """The server and the children it works in."""
        return self._family()


def upload_status(location: str) -> dict[str, Any]:
    """Ask the server of an upload what became of it."""
    base_url, _, upload_id = location.partition(f"{TUS_PATH}/")
    answer = httpx.get(f"{base_url}/api/upload/status/{upload_id}")
    answer.raise_for_status()
    return dict(answer.json())


def s3_settings(s3: S3Address) -> dict[str, object]:
    """Say in settings which bucket to use."""
    return {
        "s3_endpoint": s3.endpoint,
        "s3_access_key": s3.access_key,
        "s3_secret_key": s3.secret_key,
        "s3_bucket": s3.bucket,
        "s3_secure": str(s3.secure).lower(),
    }


def s3_sha256(s3: S3Address, key: str) -> str:
    """Digest an object."""
    digest = hashlib.sha256()
    with urllib3.PoolManager() as pool:
        answer = client(s3, pool).get_object(bucket_name=s3.bucket, object_name=key)
        for block in answer.stream(2**20):
            digest.update(block)
        answer.close()
    return digest.hexdigest()


def door_of(name: str, **settings: object) -> Door:
    """Make a door by the name tests are shown with; settings are for ours."""
    return ReferenceDoor() if name == "reference" else OwnDoor(name, **settings)
