"""Typed calls about webhooks, one per route."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import httpx
from pydantic import BaseModel

from api.client.asking import json_body
from schemas.webhooks import (
    DeliveryId,
    DeliveryPage,
    DeliveryState,
    DeliveryView,
    WebhookChange,
    WebhookId,
    WebhookPage,
    WebhookRequest,
    WebhookView,
    WebhookWithSecret,
)

Answer = TypeVar("Answer", bound=BaseModel)

_PATH = "/api/webhooks"


class Call(Protocol):
    """Sends a request and reads the answer as a schema."""

    def __call__(self, kind: type[Answer], method: str, path: str, **how: Any) -> Answer:
        """Send it; raises ApiError."""


class WebhookCalls:
    """What can be asked about webhooks; see ``Client.webhooks``."""

    def __init__(self, call: Call, send: Callable[..., httpx.Response]) -> None:
        self._call = call
        self._send = send

    def create(self, request: WebhookRequest) -> WebhookWithSecret:
        """Make a webhook; its secret is shown this once."""
        return self._call(WebhookWithSecret, "POST", _PATH, **json_body(request))

    def page(self, *, cursor: str | None = None, limit: int = 50) -> WebhookPage:
        """List webhooks, newest first."""
        params = _given(cursor=cursor, limit=limit)
        return self._call(WebhookPage, "GET", _PATH, params=params)

    def show(self, webhook_id: WebhookId) -> WebhookView:
        """Show one."""
        return self._call(WebhookView, "GET", f"{_PATH}/{webhook_id}")

    def change(self, webhook_id: WebhookId, change: WebhookChange) -> WebhookView:
        """Change what is given of one; ``is_enabled`` enables it again."""
        return self._call(WebhookView, "PATCH", f"{_PATH}/{webhook_id}", **json_body(change))

    def delete(self, webhook_id: WebhookId) -> None:
        """Delete one with its deliveries."""
        self._send("DELETE", f"{_PATH}/{webhook_id}")

    def rotate(self, webhook_id: WebhookId) -> WebhookWithSecret:
        """Give one a new secret; for a day the present one signs too."""
        return self._call(WebhookWithSecret, "POST", f"{_PATH}/{webhook_id}/rotate")

    def test(self, webhook_id: WebhookId) -> DeliveryView:
        """Have a ping sent."""
        return self._call(DeliveryView, "POST", f"{_PATH}/{webhook_id}/test")

    def deliveries(
        self,
        webhook_id: WebhookId,
        *,
        cursor: str | None = None,
        limit: int = 50,
        state: DeliveryState | None = None,
        type: str | None = None,  # noqa: A002  # as the API calls it
    ) -> DeliveryPage:
        """List deliveries, newest first."""
        params = _given(cursor=cursor, limit=limit, state=state, type=type)
        return self._call(DeliveryPage, "GET", f"{_PATH}/{webhook_id}/deliveries", params=params)

    def delivery(self, webhook_id: WebhookId, delivery_id: DeliveryId) -> DeliveryView:
        """Show a delivery with its body."""
        return self._call(DeliveryView, "GET", f"{_PATH}/{webhook_id}/deliveries/{delivery_id}")

    def redeliver(self, webhook_id: WebhookId, delivery_id: DeliveryId) -> DeliveryView:
        """Have a delivery sent again."""
        path = f"{_PATH}/{webhook_id}/deliveries/{delivery_id}/redeliver"
        return self._call(DeliveryView, "POST", path)


def _given(**params: Any) -> dict[str, str]:
    return {name: str(value) for name, value in params.items() if value is not None}
