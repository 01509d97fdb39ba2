"""``/api/webhooks``: who is told of what happens, and how telling them went."""

from flask import Blueprint, Response
from pydantic import Field

from api.bodies import ListQuery, answer, body, nothing, query
from api.identity import caller, owner
from api.once import claim
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import Forbidden
from pipeline.database.webhooks import DeliveryFilter
from pipeline.services import deliveries, webhooks
from pipeline.services.safe import Safe
from schemas.events import EventsWaiting
from schemas.listing import IdText
from schemas.vocabulary import JobId
from schemas.webhooks import (
    DeliveryId,
    DeliveryState,
    DeliveryView,
    WebhookChange,
    WebhookId,
    WebhookRequest,
)


class DeliveryListQuery(ListQuery):
    """Query of ``GET /api/webhooks/{id}/deliveries``."""

    state: DeliveryState | None = None
    type: str | None = Field(default=None, pattern=r"^[a-z_.]{1,64}$")
    asset_id: IdText | None = None
    job_id: IdText | None = None

    @property
    def wanted(self) -> DeliveryFilter:
        """What the list is narrowed to."""
        job_id = None if self.job_id is None else JobId(self.job_id)
        return DeliveryFilter(self.state, self.type, self.asset_id, job_id)


def webhooks_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("webhooks", __name__, url_prefix="/api/webhooks")
    database, outbound = pipeline.database, pipeline.outbound

    @blueprint.get("")
    def listing() -> Response:
        asked = query(ListQuery)
        return answer(
            webhooks.page(database, cursor=asked.cursor, limit=asked.limit, owner=owner())
        )

    @blueprint.post("")
    def create() -> Response:
        request = body(WebhookRequest)
        if request.is_system_wide and owner() is not None:
            raise Forbidden("a webhook over everybody's events takes the role operator")
        safe, account = Safe.of(pipeline.secret, "webhooks"), caller().account
        made = webhooks.create(database, outbound, safe, request, account=account, claim=claim())
        return answer(made, 201, location=f"/api/webhooks/{made.id}")

    @blueprint.get("/<id:webhook_id>")
    def one(webhook_id: WebhookId) -> Response:
        return answer(webhooks.show(database, webhook_id, owner=owner()))

    @blueprint.patch("/<id:webhook_id>")
    def change(webhook_id: WebhookId) -> Response:
        wished = body(WebhookChange)
        return answer(webhooks.change(database, outbound, webhook_id, wished, owner=owner()))

    @blueprint.delete("/<id:webhook_id>")
    def delete(webhook_id: WebhookId) -> Response:
        webhooks.delete(database, webhook_id, owner=owner())
        return nothing()

    _add_actions(blueprint, pipeline)
    _add_log(blueprint, pipeline)
    return blueprint


def _add_actions(blueprint: Blueprint, pipeline: Pipeline) -> None:
    database = pipeline.database

    @blueprint.post("/<id:webhook_id>/rotate")
    def rotate(webhook_id: WebhookId) -> Response:
        safe = Safe.of(pipeline.secret, "webhooks")
        return answer(webhooks.rotate(database, safe, webhook_id, owner=owner(), claim=claim()))

    @blueprint.post("/<id:webhook_id>/test")
    def ping(webhook_id: WebhookId) -> Response:
        found = deliveries.ping(database, webhook_id, owner=owner(), claim=claim())
        return _accepted(pipeline, found)


def _add_log(blueprint: Blueprint, pipeline: Pipeline) -> None:
    database = pipeline.database

    @blueprint.get("/<id:webhook_id>/deliveries", endpoint="deliveries")
    def listing(webhook_id: WebhookId) -> Response:
        asked = query(DeliveryListQuery)
        page = deliveries.page(
            database,
            webhook_id,
            cursor=asked.cursor,
            limit=asked.limit,
            wanted=asked.wanted,
            owner=owner(),
        )
        return answer(page)

    @blueprint.get("/<id:webhook_id>/deliveries/<id:delivery_id>", endpoint="delivery")
    def one(webhook_id: WebhookId, delivery_id: DeliveryId) -> Response:
        return answer(deliveries.show(database, webhook_id, delivery_id, owner=owner()))

    @blueprint.post("/<id:webhook_id>/deliveries/<id:delivery_id>/redeliver")
    def redeliver(webhook_id: WebhookId, delivery_id: DeliveryId) -> Response:
        found = deliveries.redeliver(
            database, webhook_id, delivery_id, owner=owner(), claim=claim()
        )
        return _accepted(pipeline, found)


def _accepted(pipeline: Pipeline, delivery: DeliveryView) -> Response:
    # No event tells the schedulers of it.
    pipeline.bus.publish(EventsWaiting())
    at = f"/api/webhooks/{delivery.webhook_id}/deliveries/{delivery.id}"
    return answer(delivery, 202, location=at)
