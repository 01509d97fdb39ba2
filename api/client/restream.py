"""Typed calls about where streams are pushed on to, one per route."""

from collections.abc import Callable

import httpx

from api.client.asking import json_body
from api.client.hooks import Call
from schemas.restream import (
    RestreamChange,
    RestreamList,
    RestreamRequest,
    RestreamTargetId,
    RestreamView,
)
from schemas.streams import StreamId


class RestreamCalls:
    """What can be asked about the targets of one stream; see ``Client.restream``."""

    def __init__(
        self, call: Call, send: Callable[..., httpx.Response], stream_id: StreamId
    ) -> None:
        self._call = call
        self._send = send
        self._path = f"/api/streams/{stream_id}/targets"

    def create(self, request: RestreamRequest) -> RestreamView:
        """Make a target; its key is never shown."""
        return self._call(RestreamView, "POST", self._path, **json_body(request))

    def all(self) -> tuple[RestreamView, ...]:
        """List them, oldest first."""
        return self._call(RestreamList, "GET", self._path).items

    def show(self, target_id: RestreamTargetId) -> RestreamView:
        """Show one."""
        return self._call(RestreamView, "GET", f"{self._path}/{target_id}")

    def change(self, target_id: RestreamTargetId, change: RestreamChange) -> RestreamView:
        """Change what is given of one."""
        return self._call(RestreamView, "PUT", f"{self._path}/{target_id}", **json_body(change))

    def delete(self, target_id: RestreamTargetId) -> None:
        """Delete one."""
        self._send("DELETE", f"{self._path}/{target_id}")
