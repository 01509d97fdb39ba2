"""Rows of webhooks and their deliveries, and the statements services may make about them.

See ``port`` for what holds for all statements. Locks are taken in one order: the cursor of
events, webhooks by id, their deliveries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from schemas.events import Event
from schemas.vocabulary import AssetId, JobId
from schemas.webhooks import DeliveryId, DeliveryState, DisabledReason, WebhookId


@dataclass(frozen=True)
class NewWebhook:
    """A webhook to insert; it is told of events above ``from_number``."""

    id: WebhookId
    account: str
    is_system_wide: bool
    url: str
    events: tuple[str, ...]
    description: str
    is_enabled: bool
    #: As it is kept, not as it signs.
    secret: str = field(repr=False)
    from_number: int


@dataclass(frozen=True)
class WebhookRow(NewWebhook):
    """One webhook."""

    previous_secret: str | None = field(repr=False)
    previous_until: datetime | None
    disabled_reason: DisabledReason | None
    disabled_at: datetime | None
    failing_since: datetime | None
    #: Seconds since then by the database's clock.
    failing_s: float
    n_failed_in_row: int
    n_delivered: int
    n_failed: int
    created_at: datetime


@dataclass(frozen=True)
class FreshEvent:
    """An event not yet told of, with what goes along."""

    event: Event
    account: str
    asset_metadata: dict[str, str]
    job_metadata: dict[str, str]


@dataclass(frozen=True)
class NewDelivery:
    """A delivery to insert; it is due at once."""

    id: DeliveryId
    webhook_id: WebhookId
    sequence: int
    type: str
    event_id: int | None
    asset_id: AssetId | None
    job_id: JobId | None
    body: str


@dataclass(frozen=True)
class DeliveryRow(NewDelivery):
    """One delivery."""

    state: DeliveryState
    #: Since it was made or asked for again.
    attempt: int
    #: By the database's clock, counted likewise.
    age_s: float
    attempts: tuple[dict[str, Any], ...]
    created_at: datetime
    next_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries are wanted; None is any."""

    state: DeliveryState | None = None
    type: str | None = None
    asset_id: AssetId | None = None
    job_id: JobId | None = None


@dataclass(frozen=True)
class DueWebhook:
    """A webhook with something to send that nobody is sending."""

    id: WebhookId
    account: str
    url: str


@dataclass(frozen=True)
class Lease:
    """The right to send to a webhook, for a while."""

    webhook: WebhookRow
    epoch: int


class WebhookRows(Protocol):
    """Webhooks."""

    def add(self, row: NewWebhook) -> None:
        """Insert one."""

    def get(self, webhook_id: WebhookId, owner: str | None) -> WebhookRow | None:
        """Get one, if it is the owner's; None owns all."""

    def page(
        self, after: tuple[float, str] | None, limit: int, owner: str | None
    ) -> list[tuple[float, WebhookRow]]:
        """List them newest first, with the key of each for the next page."""

    def count_of(self, account: str) -> int:
        """Count an account's."""

    def change(self, webhook_id: WebhookId, values: Mapping[str, Any]) -> None:
        """Set columns."""

    def enable(self, webhook_id: WebhookId, from_number: int) -> None:
        """Tell it again of events above a number; its failures are forgotten."""

    def disable(self, webhook_id: WebhookId, reason: DisabledReason) -> None:
        """Tell it of nothing any more."""

    def rotate(self, webhook_id: WebhookId, secret: str, *, grace_s: float) -> None:
        """Give it a new secret; the present one stays valid for a while."""

    def delete(self, webhook_id: WebhookId) -> None:
        """Remove it with its deliveries."""

    def delete_of(self, account: str) -> None:
        """Remove an account's."""

    def has_enabled(self) -> bool:
        """Tell whether any is told of anything."""

    def enabled(self) -> list[WebhookRow]:
        """List those that are told of something: enabled, of an account that may hear it."""

    def hold_cursor(self) -> int:
        """Tell the number of the newest event told of; nobody else tells until the commit."""

    def move_cursor(self, number: int) -> None:
        """Note that events up to a number are told of."""

    def wake(self, webhook_id: WebhookId) -> None:
        """Leave it alone no longer: somebody asked for something to be sent."""

    def lag(self) -> int:
        """Count events nobody was told of yet."""

    def fresh(self, after: int, limit: int) -> list[FreshEvent]:
        """List numbered events above a number, oldest first."""

    def count_up(self, webhook_id: WebhookId, n: int) -> int:
        """Take the next ``n`` sequence numbers; return the first."""

    def due(self, limit: int) -> list[DueWebhook]:
        """List webhooks that may be sent to now and have something due, longest due first."""

    def next_due_s(self) -> float | None:
        """Tell in how many seconds something of an enabled webhook may be sent; None if never."""

    def lease(self, webhook_id: WebhookId, lease_s: float) -> Lease | None:
        """Take the right to send; None where somebody has it, or it rests or is disabled."""

    def renew(self, held: Lease, lease_s: float) -> Lease | None:
        """Keep the right; None where it was lost."""

    def release(self, held: Lease) -> None:
        """Give the right back."""

    def release_all(self) -> None:
        """End every lease: whoever held one is known to be dead."""

    def note_success(self, webhook_id: WebhookId) -> None:
        """Note that something got through."""

    def note_failure(self, webhook_id: WebhookId, *, rest_s: float, is_given_up: bool) -> None:
        """Note that something did not, and leave the webhook alone for a while."""

    def totals(self) -> tuple[int, int]:
        """Sum up what all webhooks were delivered and what was given up."""


class DeliveryRows(Protocol):
    """Deliveries."""

    def add(self, rows: Sequence[NewDelivery]) -> None:
        """Insert some."""

    def get(self, webhook_id: WebhookId, delivery_id: DeliveryId) -> DeliveryRow | None:
        """Get one of a webhook."""

    def page(
        self,
        webhook_id: WebhookId,
        after: int | None,
        limit: int,
        wanted: DeliveryFilter,
    ) -> list[DeliveryRow]:
        """List a webhook's newest first, those below the sequence number ``after``."""

    def take(self, webhook_id: WebhookId) -> DeliveryRow | None:
        """Begin an attempt at the first that is due; whoever calls holds the webhook's lease."""

    def settle(
        self,
        delivery_id: DeliveryId,
        attempts: Sequence[Mapping[str, Any]],
        state: DeliveryState,
        *,
        retry_in_s: float,
    ) -> None:
        """Write how an attempt went."""

    def ask_again(self, delivery_id: DeliveryId) -> None:
        """Make it due now, for another day."""

    def hasten(self, webhook_id: WebhookId) -> None:
        """Make all that waits for a webhook due now."""

    def overdue(self, older_than_s: float) -> list[WebhookId]:
        """Name webhooks for which something has waited for too long."""

    def give_up(self, webhook_id: WebhookId, older_than_s: float, limit: int) -> int:
        """Fail what has waited for too long."""

    def trim(self, older_than_s: float, limit: int) -> int:
        """Forget what ended long ago."""

    def waiting(self) -> tuple[int, float]:
        """Count what enabled webhooks wait for, and tell how many seconds late the latest is.

        Those that fail are not counted as late.
        """
