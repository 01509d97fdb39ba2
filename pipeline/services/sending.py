"""Sending: one delivery after the other to a webhook, by whoever holds its lease.

Between two requests lies one transaction, which writes how the first went and begins the
second. Whoever dies in between leaves one request that may have arrived and is repeated, with
the same id, when the lease is over. Who lost the lease writes nothing.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import structlog

from pipeline.core import signature
from pipeline.core.errors import ReelmillError, Stopped, UrlRefused, UrlUnreachable
from pipeline.core.webhooks import (
    ATTEMPTS_KEPT,
    RESPONSE_KEPT_BYTES,
    Answered,
    following,
    is_back,
    kept_response,
)
from pipeline.database.port import Database, Transaction
from pipeline.database.webhooks import DeliveryRow, Lease, WebhookRow
from pipeline.outbound.port import Answer, Call, Outbound
from pipeline.services.safe import Safe
from schemas.events import EventType
from schemas.webhooks import DeliveryState, DisabledReason, Outcome, WebhookId

log = structlog.get_logger(__name__)

CONNECT_S = 5.0
TOTAL_S = 12.0
#: Longer than a request and the transaction after it take.
LEASE_S = 20.0
_OK, _REDIRECT, _WRONG = 200, 300, 400


@dataclass(frozen=True)
class Post:
    """One request to make, under a lease."""

    lease: Lease
    delivery: DeliveryRow


@dataclass(frozen=True)
class Sender:
    """Sends what is due to one webhook at a time."""

    db: Database
    outbound: Outbound
    safe: Safe
    #: Asked while a request runs; once true, it is broken off and handed back.
    is_stopped: Callable[[], bool] = lambda: False
    total_s: float = TOTAL_S

    def send(self, webhook_id: WebhookId, *, limit: int) -> int:
        """Send what is due to a webhook, if nobody else does; return how many requests it took."""
        n_sent, post = 0, begin(self.db, webhook_id)
        while post is not None:
            try:
                answered = self.request(post)
            except Stopped:
                hand_back(self.db, post)
                break
            n_sent += 1
            goes_on = n_sent < limit and not self.is_stopped()
            post = settle(self.db, post, answered, goes_on=goes_on)
        return n_sent

    def request(self, post: Post) -> Answered:
        """Make the request.

        Raises:
            Stopped: it was broken off.
        """
        began_s = time.monotonic()
        keys = self._keys(post.lease.webhook)
        if not keys:
            return Answered(Outcome.UNSIGNED, detail="its secret cannot be read: rotate it")
        try:
            answered = self._call(post, keys)
        except Stopped:
            raise
        except ReelmillError as error:
            answered = Answered(_outcome_of(error), detail=error.detail[:RESPONSE_KEPT_BYTES])
        return _timed(answered, time.monotonic() - began_s)

    def _call(self, post: Post, keys: list[bytes]) -> Answered:
        body = post.delivery.body.encode()
        call = Call(
            url=post.lease.webhook.url,
            method="POST",
            headers={
                "content-type": "application/json",
                "user-agent": "reelmill-webhooks/1",
                **signature.headers(
                    keys,
                    delivery_id=post.delivery.id,
                    timestamp_s=int(time.time()),
                    body=body,
                ),
            },
            body=body,
            connect_s=CONNECT_S,
            read_s=self.total_s,
            total_s=self.total_s,
            is_stopped=self.is_stopped,
        )
        with self.outbound.call(call) as answer:
            return Answered(
                _outcome(answer.status),
                status=answer.status,
                response=kept_response(_beginning(answer)),
                retry_after_s=_retry_after_s(answer.headers.get("retry-after", "")),
            )

    def _keys(self, webhook: WebhookRow) -> list[bytes]:
        """Read the secrets that sign: the present one, for a while the one before too."""
        kept = [webhook.secret]
        until = webhook.previous_until
        if webhook.previous_secret and until and until > datetime.now(UTC):
            kept.append(webhook.previous_secret)
        keys = [self.safe.read(one, webhook.id) for one in kept]
        return [key for key in keys if key is not None]


def begin(db: Database, webhook_id: WebhookId) -> Post | None:
    """Take the lease of a webhook and its first delivery that is due; None without either."""
    with db.write() as tx:
        lease = tx.webhooks.lease(webhook_id, LEASE_S)
        return None if lease is None else _next(tx, lease)


def settle(db: Database, post: Post, answered: Answered, *, goes_on: bool) -> Post | None:
    """Write how a request went, and take the next; None where there is none to make."""
    with db.write() as tx:
        lease = tx.webhooks.renew(post.lease, LEASE_S)
        if lease is None:
            log.warning("webhook.lease_lost", webhook_id=post.delivery.webhook_id)
            return None
        may_go_on = _note(tx, lease.webhook, post.delivery, answered)
        if goes_on and may_go_on:
            return _next(tx, lease)
        tx.webhooks.release(lease)
    return None


def hand_back(db: Database, post: Post) -> None:
    """Let another begin the request again, at once."""
    with db.write() as tx:
        tx.webhooks.release(post.lease)


def release_all(db: Database) -> None:
    """Let what dead senders left be sent again at once; only who knows them dead may call it."""
    with db.write() as tx:
        tx.webhooks.release_all()


def _next(tx: Transaction, lease: Lease) -> Post | None:
    delivery = tx.deliveries.take(lease.webhook.id)
    if delivery is None:
        tx.webhooks.release(lease)
        return None
    return Post(lease, delivery)


def _note(tx: Transaction, webhook: WebhookRow, delivery: DeliveryRow, answered: Answered) -> bool:
    """Write an attempt and what follows it; tell whether the webhook may be sent more."""
    failures = webhook.n_failed_in_row
    attempts = [*delivery.attempts, _attempt(answered)][-ATTEMPTS_KEPT:]
    if answered.outcome is Outcome.DELIVERED:
        tx.webhooks.note_success(webhook.id)
        tx.deliveries.settle(delivery.id, attempts, DeliveryState.DELIVERED, retry_in_s=0.0)
        if is_back(failures):
            tx.deliveries.hasten(webhook.id)
        return webhook.is_enabled
    then = following(
        answered,
        attempt=delivery.attempt,
        age_s=delivery.age_s,
        failures=failures + 1,
        failing_s=webhook.failing_s,
        jitter=random.random(),  # noqa: S311  # spreads retries, not a secret
    )
    is_given_up = then.retry_in_s is None
    tx.webhooks.note_failure(webhook.id, rest_s=then.rest_s, is_given_up=is_given_up)
    state = DeliveryState.FAILED if is_given_up else DeliveryState.PENDING
    tx.deliveries.settle(delivery.id, attempts, state, retry_in_s=then.retry_in_s or 0.0)
    if then.disable is not None and webhook.is_enabled:
        _disable(tx, webhook, then.disable)
        return False
    return webhook.is_enabled and not then.rest_s


def _disable(tx: Transaction, webhook: WebhookRow, reason: DisabledReason) -> None:
    """Disable a webhook, and say so where its owner may hear of it."""
    tx.webhooks.disable(webhook.id, reason)
    log.warning("webhook.disabled", webhook_id=webhook.id, reason=reason.value)
    tx.emit(
        EventType.WEBHOOK_DISABLED,
        account=webhook.account,
        data={"webhook_id": webhook.id, "reason": reason.value},
    )


def _attempt(answered: Answered) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(),
        "outcome": answered.outcome.value,
        "status": answered.status,
        "took_s": round(answered.took_s, 3),
        "detail": answered.detail,
        "response": answered.response,
    }


def _timed(answered: Answered, took_s: float) -> Answered:
    return Answered(
        answered.outcome,
        answered.status,
        took_s,
        answered.detail,
        answered.response,
        answered.retry_after_s,
    )


def _outcome(status: int) -> Outcome:
    if _OK <= status < _REDIRECT:
        return Outcome.DELIVERED
    return Outcome.REDIRECTED if _REDIRECT <= status < _WRONG else Outcome.REFUSED


def _outcome_of(error: ReelmillError) -> Outcome:
    if isinstance(error, UrlRefused):
        return Outcome.FORBIDDEN
    is_late = error.instance_code == "url.timed_out"
    return Outcome.TIMED_OUT if is_late else Outcome.UNREACHABLE


def _beginning(answer: Answer) -> bytes:
    """Read as much of an answer as is kept; its status counts however the rest goes."""
    body = bytearray()
    try:
        for block in answer.blocks:
            body += block
            if len(body) >= RESPONSE_KEPT_BYTES:
                break
    except UrlUnreachable:
        pass
    return bytes(body)


def _retry_after_s(text: str) -> float | None:
    """Read a Retry-After: seconds, or a date."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        # Receivers may write what they like; the delivery is settled all the same.
        return None
    return (at - datetime.now(UTC)).total_seconds() if at.tzinfo else None
