"""Typed calls, one per route."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from api.client.asking import json_body, wished
from api.client.hooks import WebhookCalls
from api.client.playback import PlaybackCalls
from api.client.restream import RestreamCalls
from api.client.streams import StreamCalls
from api.client.uploads import Uploads
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
from schemas.streams import StreamId
from schemas.vocabulary import AssetId, JobId, QueueName, WorkerId
from schemas.workers import QueueList, QueueView, WorkerList, WorkerView


class Client(Uploads):
    """One server's API. Every method raises ApiError when the server refuses or is away."""

    @property
    def playback(self) -> PlaybackCalls:
        """Calls about signed addresses."""
        return PlaybackCalls(self._call, self._send)

    @property
    def webhooks(self) -> WebhookCalls:
        """Calls about webhooks."""
        return WebhookCalls(self._call, self._send)

    @property
    def streams(self) -> StreamCalls:
        """Calls about streams, their keys and broadcasts."""
        return StreamCalls(self._call, self._send)

    def restream(self, stream_id: StreamId) -> RestreamCalls:
        """Calls about where a stream is pushed on to."""
        return RestreamCalls(self._call, self._send, stream_id)

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
