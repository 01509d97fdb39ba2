"""Typed calls, one per route."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from api.client.asking import PAUSES_S, REPEATED, json_body, wished
from api.client.hooks import WebhookCalls
from api.client.problems import ApiError, foreign, raise_for, unreachable
from api.client.watching import JobMessage, SystemMessage, watch_everything, watch_job
from schemas.edits import AssetPatch
from schemas.http import (
    AssetPage,
    AssetView,
    CertificateView,
    DryRunView,
    JobPage,
    JobRequest,
    JobView,
    ProfileList,
)
from schemas.listing import AssetWish, JobWish
from schemas.profile import Profile
from schemas.tickets import Ticket, TicketRequest
from schemas.vocabulary import AssetId, JobId, QueueName, WorkerId
from schemas.workers import QueueList, QueueView, WorkerList, WorkerView

_BLOCK_BYTES = 256 * 1024
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)

Answer = TypeVar("Answer", bound=BaseModel)


class _Connected:
    """One server, and how it is called."""

    def __init__(
        self, base_url: str, *, language: str = "en", credential: str | None = None
    ) -> None:
        """``credential`` is an API key or an access token; it goes to this server alone."""
        self.base_url = base_url.rstrip("/")
        shown = {} if credential is None else {"Authorization": f"Bearer {credential}"}
        self._http = httpx.Client(
            base_url=self.base_url,
            timeout=_TIMEOUT,
            trust_env=False,
            # Errors and warnings come back in it.
            headers={"Accept-Language": language, **shown},
        )

    def __enter__(self) -> Self:
        """Use it as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(self, kind: type[Answer], method: str, path: str, **how: Any) -> Answer:
        return self._read(kind, self._send(method, path, **how))

    def _ticket(self, job_id: JobId | None) -> str:
        """Ask for the right to open one websocket.

        On a connection of its own: a watcher outlives the server's, and its caller's.
        """
        with _Connected(self.base_url) as asking:
            asking._http.headers = self._http.headers
            how = {"content": TicketRequest(job_id=job_id).model_dump_json()}
            kind = {"Content-Type": "application/json"}
            return asking._call(Ticket, "POST", "/api/tickets", **how, headers=kind).ticket

    def _read(self, kind: type[Answer], response: httpx.Response) -> Answer:
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise foreign(self.base_url) from error

    def _send(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **how)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise unreachable(self.base_url, error) from error
        raise_for(response)
        return response

    def _once(self, path: str, how: dict[str, Any]) -> httpx.Response:
        """Send a POST until it is answered, at most a few times; it is carried out once."""
        headers = {**how["headers"], "Idempotency-Key": str(uuid.uuid4())}
        for pause_s in PAUSES_S:
            try:
                return self._send("POST", path, **{**how, "headers": headers})
            except ApiError as error:
                if error.problem.code not in REPEATED:
                    raise
            time.sleep(pause_s)
        return self._send("POST", path, **{**how, "headers": headers})


class Client(_Connected):
    """One server's API. Every method raises ApiError when the server refuses or is away."""

    @property
    def webhooks(self) -> WebhookCalls:
        """Calls about webhooks."""
        return WebhookCalls(self._call, self._send)

    def upload(
        self,
        path: Path,
        on_bytes: Callable[[int], None] | None = None,
        *,
        filename: str | None = None,
    ) -> AssetView:
        """Send a file, streamed; ``on_bytes`` hears the size of each block sent.

        Raises OSError when it cannot be read, or grows or shrinks meanwhile.
        """
        # A pipe has no size: it goes in chunks.
        size_bytes = path.stat().st_size if path.is_file() else None
        with path.open("rb") as file:
            return self._call(
                AssetView,
                "POST",
                "/api/assets",
                params={"filename": _as_text(filename or path.name)},
                content=_blocks(file, size_bytes, on_bytes),
                headers={} if size_bytes is None else {"Content-Length": str(size_bytes)},
            )

    def assets(
        self, wish: AssetWish | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> AssetPage:
        """List assets, newest first; a cursor belongs to the wish it was given out for."""
        params = wished(wish, cursor, limit)
        return self._call(AssetPage, "GET", "/api/assets", params=params)

    def asset(self, asset_id: AssetId) -> AssetView:
        """Show one asset."""
        return self._call(AssetView, "GET", f"/api/assets/{asset_id}")

    def certificate(self, asset_id: AssetId) -> CertificateView:
        """Show how far an asset is proven, and what was found."""
        return self._call(CertificateView, "GET", f"/api/assets/{asset_id}/certificate")

    def change_asset(
        self, asset_id: AssetId, patch: AssetPatch, *, etag: str | None = None
    ) -> AssetView:
        """Change what is said of an asset; with an ``etag`` only the form that has it."""
        headers = {} if etag is None else {"If-Match": etag}
        return self._call(
            AssetView, "PATCH", f"/api/assets/{asset_id}", **json_body(patch, headers)
        )

    def delete_asset(self, asset_id: AssetId) -> None:
        """Delete an asset and everything made of it."""
        self._send("DELETE", f"/api/assets/{asset_id}")

    def submit(self, request: JobRequest) -> JobView:
        """Ask for a job; for a dry run use ``dry_run``.

        It has a key of its own: where the connection is lost it is sent again, and makes one job.
        """
        return self._read(JobView, self._once("/api/jobs", json_body(request)))

    def dry_run(self, request: JobRequest) -> DryRunView | JobView:
        """Ask what a job would do; the probing job instead when that is not known yet."""
        asked = request.model_copy(update={"dry_run": True})
        response = self._send("POST", "/api/jobs", **json_body(asked))
        if response.status_code == httpx.codes.ACCEPTED:
            return self._read(JobView, response)
        return self._read(DryRunView, response)

    def jobs(
        self, wish: JobWish | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> JobPage:
        """List jobs, newest first; a cursor belongs to the wish it was given out for."""
        params = wished(wish, cursor, limit)
        return self._call(JobPage, "GET", "/api/jobs", params=params)

    def job(self, job_id: JobId) -> JobView:
        """Show one job with its graph."""
        return self._call(JobView, "GET", f"/api/jobs/{job_id}")

    def profiles(self) -> tuple[Profile, ...]:
        """List the profiles the server knows."""
        return self._call(ProfileList, "GET", "/api/profiles").items

    def profile(self, name: str) -> Profile:
        """Show one profile."""
        return self._call(Profile, "GET", _profile_path(name))

    def put_profile(
        self, name: str, values: Mapping[str, Any], *, etag: str | None = None
    ) -> Profile:
        """Add or replace a profile; with an ``etag`` replace only the form that has it."""
        headers = {"Content-Type": "application/json"}
        if etag is not None:
            headers["If-Match"] = etag
        content = json.dumps(dict(values))
        return self._call(Profile, "PUT", _profile_path(name), content=content, headers=headers)

    def delete_profile(self, name: str) -> None:
        """Delete a profile."""
        self._send("DELETE", _profile_path(name))

    def cancel(self, job_id: JobId) -> JobView:
        """Cancel a job."""
        return self._call(JobView, "POST", f"/api/jobs/{job_id}/cancel")

    def retry(self, job_id: JobId) -> JobView:
        """Try a failed or cancelled job again."""
        return self._call(JobView, "POST", f"/api/jobs/{job_id}/retry")

    def queues(self) -> tuple[QueueView, ...]:
        """Show all queues."""
        return self._call(QueueList, "GET", "/api/queues").items

    def pause(self, queue: QueueName) -> QueueView:
        """Let no more tasks of a queue be claimed."""
        return self._call(QueueView, "POST", f"/api/queues/{queue}/pause")

    def resume(self, queue: QueueName) -> QueueView:
        """Undo ``pause``."""
        return self._call(QueueView, "POST", f"/api/queues/{queue}/resume")

    def workers(self) -> tuple[WorkerView, ...]:
        """Show the fleet."""
        return self._call(WorkerList, "GET", "/api/workers").items

    def drain(self, worker_id: WorkerId) -> None:
        """Let a worker finish what it runs and take nothing new."""
        self._send("POST", f"/api/workers/{worker_id}/drain")

    def watch(self, job_id: JobId) -> Iterator[JobMessage]:
        """Follow a job until it has ended, over reconnects, without gaps or repeats."""
        return watch_job(self.base_url, job_id, self._ticket)

    def watch_all(self) -> Iterator[SystemMessage]:
        """Follow everything, for ever."""
        return watch_everything(self.base_url, self._ticket)


def _profile_path(name: str) -> str:
    return f"/api/profiles/{quote(name, safe='')}"


def _blocks(
    file: BinaryIO, size_bytes: int | None, on_bytes: Callable[[int], None] | None
) -> Iterator[bytes]:
    n_read = 0
    while block := file.read(_BLOCK_BYTES):
        n_read += len(block)
        if size_bytes is not None and n_read > size_bytes:
            break
        yield block
        if on_bytes is not None:
            on_bytes(len(block))
    if size_bytes not in {None, n_read}:
        raise OSError("it changes while it is sent")


def _as_text(name: str) -> str:
    # Linux file names are bytes: those that are no UTF-8 come as text nobody can send.
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
