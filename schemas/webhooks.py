"""Webhooks: who is told of what, what they are sent, and how each delivery went."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, NewType

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from schemas.events import EventType
from schemas.frozen import Frozen
from schemas.http import Page
from schemas.vocabulary import AssetId, JobId, TaskId

WebhookId = NewType("WebhookId", str)
DeliveryId = NewType("DeliveryId", str)

#: Sent by ``POST /api/webhooks/{id}/test`` alone; nothing has happened.
PING = "webhook.ping"
#: What stands before the dot of the types of events.
FAMILIES = tuple(dict.fromkeys(type_.partition(".")[0] for type_ in EventType))
#: Everything but the single steps of the work, of which there may be hundreds a job.
DEFAULT_EVENTS = tuple(f"{family}.*" for family in FAMILIES if family != "task")
_PATTERNS = frozenset({*EventType, *(f"{family}.*" for family in FAMILIES)})


def _pattern(text: str) -> str:
    if text not in _PATTERNS:
        raise ValueError("must be a type of event such as asset.ready, or a family such as asset.*")
    return text


def _several(patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(patterns))


Pattern = Annotated[
    str,
    Field(max_length=64),
    AfterValidator(_pattern),
    WithJsonSchema({"type": "string", "enum": sorted(_PATTERNS)}),
]
Patterns = Annotated[
    tuple[Pattern, ...], Field(min_length=1, max_length=50), AfterValidator(_several)
]
#: What is wrong with an address is said by who judges addresses, not by us.
Address = Annotated[str, Field(max_length=8192)]
#: One line, for people.
Description = Annotated[str, Field(max_length=255, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]


class WebhookRequest(Frozen):
    """Ask to be told of events from now on."""

    url: Address
    events: Patterns = DEFAULT_EVENTS
    description: Description = ""
    is_enabled: bool = True
    #: Tells of the events of every account; operators and admins may ask for it.
    is_system_wide: bool = False


class WebhookChange(Frozen):
    """What to change of a webhook; what is left out stays."""

    url: Address | None = None
    events: Patterns | None = None
    description: Description | None = None
    #: What happens while it is disabled is never told of.
    is_enabled: bool | None = None


class DisabledReason(StrEnum):
    """Why a webhook is told nothing."""

    ASKED = "asked"
    #: Its receiver answered 410.
    GONE = "gone"
    #: Nothing got through for days.
    FAILING = "failing"


class WebhookView(Frozen):
    """A webhook as shown: never with its secret."""

    id: WebhookId
    account: str
    url: str
    events: tuple[str, ...]
    description: str
    is_system_wide: bool
    is_enabled: bool
    disabled_reason: DisabledReason | None = None
    disabled_at: datetime | None = None
    #: First of the failures since something got through last.
    failing_since: datetime | None = None
    #: Until then the secret before the last rotation signs too.
    previous_secret_until: datetime | None = None
    n_delivered: int
    #: Deliveries that were given up.
    n_failed: int
    created_at: datetime


class WebhookWithSecret(WebhookView):
    """The answer to making a webhook and to rotating its secret: the only ones that show it."""

    #: ``whsec_`` and the key in base64, as Standard Webhooks writes it.
    secret: str


class WebhookPage(Page):
    """Webhooks, newest first."""

    items: tuple[WebhookView, ...]


class DeliveryState(StrEnum):
    """How far a delivery is."""

    #: It is sent when its time has come.
    PENDING = "pending"
    #: The receiver answered with a 2xx.
    DELIVERED = "delivered"
    #: Given up.
    FAILED = "failed"


class Outcome(StrEnum):
    """How one attempt to deliver ended."""

    DELIVERED = "delivered"
    #: The receiver answered, but not with a 2xx.
    REFUSED = "refused"
    #: The receiver sent us elsewhere; nobody follows.
    REDIRECTED = "redirected"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    #: The address is one we must not call.
    FORBIDDEN = "forbidden"
    #: Its secret cannot be read, since the installation's own was changed: rotate it.
    UNSIGNED = "unsigned"


class AttemptView(Frozen):
    """One attempt to deliver."""

    at: datetime
    outcome: Outcome
    #: HTTP status of the answer, if there was one.
    status: int | None = None
    took_s: float
    #: What was wrong, in English; empty where the status says it.
    detail: str = ""
    #: Beginning of the answer's body, as text.
    response: str = ""


class DeliveryView(Frozen):
    """One event on its way to one webhook."""

    id: DeliveryId
    webhook_id: WebhookId
    #: A type of event, or ``webhook.ping``.
    type: str
    #: Number of the event; None of a ping.
    event_id: int | None
    #: Counts the webhook's deliveries: one missing at the receiver is one still to come, or failed.
    sequence: int
    asset_id: AssetId | None = None
    job_id: JobId | None = None
    state: DeliveryState
    n_attempts: int
    created_at: datetime
    #: When it is tried next; None unless it is pending.
    next_at: datetime | None = None
    ended_at: datetime | None = None
    #: The newest attempts, oldest first.
    attempts: tuple[AttemptView, ...] = ()
    #: The body exactly as it is sent; left out in lists.
    payload: str | None = None


class DeliveryPage(Page):
    """Deliveries of a webhook, newest first."""

    items: tuple[DeliveryView, ...]


class WebhookPayload(Frozen):
    """The body of a delivery. Fields and types of events may be added; readers pass them over."""

    model_config = ConfigDict(extra="ignore")

    version: Literal[1] = 1
    #: The same in every attempt: what a receiver knows a repeat by.
    delivery_id: DeliveryId
    webhook_id: WebhookId
    #: Rises by one with each delivery of the webhook, in the order things happened.
    sequence: int
    #: A type of event, or ``webhook.ping``.
    type: str
    timestamp: datetime
    event_id: int | None = None
    asset_id: AssetId | None = None
    job_id: JobId | None = None
    task_id: TaskId | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    #: What whoever made the asset and the job gave us to pass on.
    asset_metadata: dict[str, str] = Field(default_factory=dict)
    job_metadata: dict[str, str] = Field(default_factory=dict)
    #: ``data`` was left out because the body would have been too large.
    is_shortened: bool = False
