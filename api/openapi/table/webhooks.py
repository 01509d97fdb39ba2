"""Webhooks and their deliveries."""

from typing import Final

from api.bodies import ListQuery
from api.openapi.operation import LINK, LOCATION, Answer, Operation, Tag, nothing
from api.webhooks import DeliveryListQuery
from schemas.webhooks import (
    DeliveryPage,
    DeliveryView,
    WebhookChange,
    WebhookPage,
    WebhookRequest,
    WebhookView,
    WebhookWithSecret,
)

_URL: Final = ("url.invalid", "url.scheme", "url.credentials", "url.private", "url.port")

WEBHOOKS: Final = (
    Operation(
        "webhooks.listing",
        "GET",
        Tag.WEBHOOKS,
        "List webhooks, newest first",
        answers=(Answer(200, "One page.", WebhookPage, headers=(LINK,)),),
        query=ListQuery,
        problems={400: ("request.cursor",)},
    ),
    Operation(
        "webhooks.create",
        "POST",
        Tag.WEBHOOKS,
        "Be told of what happens from now on",
        answers=(
            Answer(
                201,
                "The webhook, with the secret that is shown this once.",
                WebhookWithSecret,
                headers=(LOCATION,),
            ),
        ),
        body=WebhookRequest,
        problems={409: ("webhook.too_many",), 422: _URL},
        example={"url": "https://app.example/hooks", "events": ["asset.*"]},
    ),
    Operation(
        "webhooks.one",
        "GET",
        Tag.WEBHOOKS,
        "Show a webhook",
        answers=(Answer(200, "The webhook, without its secret.", WebhookView),),
        problems={404: ("webhook.not_found",)},
    ),
    Operation(
        "webhooks.change",
        "PATCH",
        Tag.WEBHOOKS,
        "Change a webhook, or enable it again",
        answers=(Answer(200, "The webhook as it is now.", WebhookView),),
        body=WebhookChange,
        problems={404: ("webhook.not_found",), 422: _URL},
        example={"is_enabled": True},
    ),
    Operation(
        "webhooks.delete",
        "DELETE",
        Tag.WEBHOOKS,
        "Delete a webhook with all its deliveries",
        answers=(nothing(204, "It is told of nothing any more."),),
        problems={404: ("webhook.not_found",)},
    ),
    Operation(
        "webhooks.rotate",
        "POST",
        Tag.WEBHOOKS,
        "Give a webhook a new secret",
        answers=(Answer(200, "The webhook, with the secret shown this once.", WebhookWithSecret),),
        problems={404: ("webhook.not_found",)},
        about="For a day both secrets sign, so that a receiver can be changed in between.",
    ),
    Operation(
        "webhooks.ping",
        "POST",
        Tag.WEBHOOKS,
        "Have a `webhook.ping` sent",
        answers=(Answer(202, "The delivery.", DeliveryView, headers=(LOCATION,)),),
        problems={404: ("webhook.not_found",), 409: ("webhook.disabled",)},
    ),
    Operation(
        "webhooks.deliveries",
        "GET",
        Tag.WEBHOOKS,
        "List a webhook's deliveries, newest first",
        answers=(Answer(200, "One page, without bodies.", DeliveryPage, headers=(LINK,)),),
        query=DeliveryListQuery,
        problems={400: ("request.cursor",), 404: ("webhook.not_found",)},
    ),
    Operation(
        "webhooks.delivery",
        "GET",
        Tag.WEBHOOKS,
        "Show a delivery with its body and attempts",
        answers=(Answer(200, "The delivery.", DeliveryView),),
        problems={404: ("webhook.not_found", "delivery.not_found")},
    ),
    Operation(
        "webhooks.redeliver",
        "POST",
        Tag.WEBHOOKS,
        "Have a delivery sent again",
        answers=(
            Answer(202, "The delivery; id and body stay.", DeliveryView, headers=(LOCATION,)),
        ),
        problems={
            404: ("webhook.not_found", "delivery.not_found"),
            409: ("webhook.disabled",),
        },
    ),
)
