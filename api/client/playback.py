"""Calls about signed addresses."""

from collections.abc import Callable
from typing import Any

from schemas.playback import PlaybackLinkRequest, PlaybackLinks
from schemas.vocabulary import AssetId


class PlaybackCalls:
    """Signed addresses of an asset: given, and voided."""

    def __init__(self, call: Callable[..., Any], send: Callable[..., Any]) -> None:
        self._call = call
        self._send = send

    def link(self, asset_id: AssetId, asked: PlaybackLinkRequest) -> PlaybackLinks:
        """Get addresses that anybody may watch an asset by until they expire."""
        made: PlaybackLinks = self._call(
            PlaybackLinks,
            "POST",
            f"/api/assets/{asset_id}/playback-links",
            content=asked.model_dump_json(),
            headers={"Content-Type": "application/json"},
        )
        return made

    def revoke(self, asset_id: AssetId) -> None:
        """Void all that were given out of an asset so far."""
        self._send("DELETE", f"/api/assets/{asset_id}/playback-links")
