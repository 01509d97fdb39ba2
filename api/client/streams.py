"""Typed calls about streams, their keys and broadcasts, one per route."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import httpx

from api.client.asking import json_body
from api.client.hooks import Call
from schemas.on_air import OnAirPage
from schemas.playback import PlaybackLinkRequest
from schemas.stream_stats import StreamSeries, StreamStats
from schemas.streams import (
    BroadcastState,
    SessionId,
    SessionPage,
    StartRequest,
    StartView,
    StopRequest,
    StreamChange,
    StreamId,
    StreamKeyChange,
    StreamKeyChanged,
    StreamKeyId,
    StreamKeyList,
    StreamKeyMade,
    StreamKeyRequest,
    StreamKeyView,
    StreamPage,
    StreamRequest,
    StreamState,
    StreamView,
)
from schemas.watched_stream import StreamLinks

_STREAMS, _STREAMING = "/api/streams", "/api/streaming"


class StreamCalls:
    """What can be asked about streams; see ``Client.streams``."""

    def __init__(self, call: Call, send: Callable[..., httpx.Response]) -> None:
        self._call = call
        self._send = send

    def create(self, request: StreamRequest) -> StreamView:
        """Set up a stream."""
        return self._call(StreamView, "POST", _STREAMS, **json_body(request))

    def page(
        self,
        *,
        cursor: str | None = None,
        limit: int = 50,
        status: Sequence[StreamState] = (),
    ) -> StreamPage:
        """List streams, newest first."""
        params: dict[str, Any] = {"limit": limit, "status": [one.value for one in status]}
        if cursor is not None:
            params["cursor"] = cursor
        return self._call(StreamPage, "GET", _STREAMS, params=params)

    def on_air(self, *, cursor: str | None = None, limit: int = 50) -> OnAirPage:
        """List public streams that are live, of all accounts, the newest broadcast first."""
        params: dict[str, Any] = {"limit": limit}
        if cursor is not None:
            params["cursor"] = cursor
        return self._call(OnAirPage, "GET", "/api/live", params=params)

    def sessions(
        self, stream_id: StreamId, *, cursor: str | None = None, limit: int = 50
    ) -> SessionPage:
        """List a stream's broadcasts, newest first."""
        params: dict[str, Any] = {"limit": limit}
        if cursor is not None:
            params["cursor"] = cursor
        return self._call(SessionPage, "GET", f"{_STREAMS}/{stream_id}/sessions", params=params)

    def stats(self, stream_id: StreamId) -> StreamStats:
        """Tell how one's own stream does now."""
        return self._call(StreamStats, "GET", f"{_STREAMS}/{stream_id}/stats")

    def series(
        self,
        stream_id: StreamId,
        *,
        session_id: SessionId | None = None,
        since: datetime | None = None,
        cursor: str | None = None,
    ) -> StreamSeries:
        """Tell how its broadcasts did, minute by minute, oldest first."""
        given = {"session": session_id, "from": since and since.isoformat(), "cursor": cursor}
        params = {name: value for name, value in given.items() if value is not None}
        return self._call(StreamSeries, "GET", f"{_STREAMS}/{stream_id}/series", params=params)

    def show(self, stream_id: StreamId) -> StreamView:
        """Show one with its newest broadcasts."""
        return self._call(StreamView, "GET", f"{_STREAMS}/{stream_id}")

    def change(self, stream_id: StreamId, change: StreamChange) -> StreamView:
        """Change what is given of one."""
        return self._call(StreamView, "PATCH", f"{_STREAMS}/{stream_id}", **json_body(change))

    def delete(self, stream_id: StreamId) -> None:
        """Delete one with its keys; recordings stay."""
        self._send("DELETE", f"{_STREAMS}/{stream_id}")

    def link(self, stream_id: StreamId, asked: PlaybackLinkRequest) -> StreamLinks:
        """Get addresses that anybody may watch a stream by until they expire."""
        path = f"{_STREAMS}/{stream_id}/playback-links"
        return self._call(StreamLinks, "POST", path, **json_body(asked))

    def revoke_links(self, stream_id: StreamId) -> None:
        """Void all that were given out of a stream so far."""
        self._send("DELETE", f"{_STREAMS}/{stream_id}/playback-links")

    def start(self, request: StartRequest) -> StartView:
        """Get ready to publish; a new stream's key is shown this once."""
        return self._call(StartView, "POST", f"{_STREAMING}/start", **json_body(request))

    def state(self) -> BroadcastState:
        """Show what is prepared and what is on."""
        return self._call(BroadcastState, "GET", f"{_STREAMING}/start")

    def stop(self, request: StopRequest) -> StreamView:
        """End a broadcast."""
        return self._call(StreamView, "POST", f"{_STREAMING}/stop", **json_body(request))

    def keys(self, stream_id: StreamId | None = None) -> tuple[StreamKeyView, ...]:
        """List keys, newest first."""
        params = {} if stream_id is None else {"streamId": stream_id}
        return self._call(StreamKeyList, "GET", f"{_STREAMING}/keys", params=params).items

    def create_key(self, request: StreamKeyRequest) -> StreamKeyMade:
        """Make a key; it is shown this once."""
        return self._call(StreamKeyMade, "POST", f"{_STREAMING}/keys", **json_body(request))

    def key(self, key_id: StreamKeyId) -> StreamKeyView:
        """Show a key's beginning."""
        return self._call(StreamKeyView, "GET", f"{_STREAMING}/keys/{key_id}")

    def change_key(self, key_id: StreamKeyId, change: StreamKeyChange) -> StreamKeyChanged:
        """Name a key anew, or rotate it; a new secret is shown this once."""
        path = f"{_STREAMING}/keys/{key_id}"
        return self._call(StreamKeyChanged, "PUT", path, **json_body(change))

    def revoke_key(self, key_id: StreamKeyId) -> None:
        """Let a key count no more; what it published ends."""
        self._send("DELETE", f"{_STREAMING}/keys/{key_id}")
