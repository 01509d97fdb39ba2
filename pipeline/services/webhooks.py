"""Webhooks: made, shown, changed, given a new secret, deleted."""

import secrets
from typing import Any

from pipeline.core import signature
from pipeline.core.errors import Conflict, NotFound
from pipeline.database.port import Database, Transaction
from pipeline.database.webhooks import NewWebhook, WebhookRow
from pipeline.outbound.port import Outbound
from pipeline.services import cursors, once
from pipeline.services.ids import new_id
from pipeline.services.once import Claim
from pipeline.services.safe import Safe
from pipeline.services.watching import number_events
from schemas.webhooks import (
    DisabledReason,
    WebhookChange,
    WebhookId,
    WebhookPage,
    WebhookRequest,
    WebhookView,
    WebhookWithSecret,
)

#: More endpoints than one app needs; every one of them costs a request per event.
MAX_PER_ACCOUNT = 20
#: How long the secret before a rotation goes on signing.
ROTATION_GRACE_S = 86_400.0


def create(
    db: Database,
    outbound: Outbound,
    safe: Safe,
    request: WebhookRequest,
    *,
    account: str,
    claim: Claim | None = None,
) -> WebhookWithSecret:
    """Make a webhook that is told of what happens from now on.

    Raises:
        UrlRefused: we do not go to such an address.
        Conflict: ``webhook.too_many``.
    """
    outbound.admit(request.url)
    webhook_id, secret = WebhookId(new_id()), secrets.token_bytes(signature.KEY_BYTES)
    number_events(db)
    with db.write() as tx:
        before = once.made(tx, claim)
        if before is not None:
            return _made_before(tx, safe, WebhookId(before))
        if tx.webhooks.count_of(account) >= MAX_PER_ACCOUNT:
            raise Conflict(f"there are {MAX_PER_ACCOUNT} webhooks already", code="webhook.too_many")
        tx.webhooks.add(
            NewWebhook(
                id=webhook_id,
                account=account,
                is_system_wide=request.is_system_wide,
                url=request.url,
                events=request.events,
                description=request.description,
                is_enabled=request.is_enabled,
                secret=safe.keep(secret, webhook_id),
                from_number=tx.events.newest_id(),
            )
        )
        once.note(tx, claim, webhook_id)
        return _with_secret(need(tx, webhook_id, owner=None), secret)


def _made_before(tx: Transaction, safe: Safe, webhook_id: WebhookId) -> WebhookWithSecret:
    """Show what a try made that died before it could answer."""
    row = need(tx, webhook_id, owner=None)
    # None: the installation's own secret was changed in between.
    return _with_secret(row, safe.read(row.secret, webhook_id) or _renew(tx, safe, webhook_id))


def _renew(tx: Transaction, safe: Safe, webhook_id: WebhookId) -> bytes:
    secret = secrets.token_bytes(signature.KEY_BYTES)
    tx.webhooks.rotate(webhook_id, safe.keep(secret, webhook_id), grace_s=ROTATION_GRACE_S)
    return secret


def show(db: Database, webhook_id: WebhookId, *, owner: str | None = None) -> WebhookView:
    """Show a webhook.

    Raises:
        NotFound: there is none such of the owner's.
    """
    with db.read() as tx:
        return _view(need(tx, webhook_id, owner=owner))


def page(db: Database, *, cursor: str | None, limit: int, owner: str | None = None) -> WebhookPage:
    """List webhooks, newest first."""
    with db.read() as tx:
        rows = tx.webhooks.page(cursors.decode(cursor), limit + 1, owner)
    items = tuple(_view(row) for _, row in rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return WebhookPage(items=items, next=cursors.encode((last[0], last[1].id)) if last else None)


def change(
    db: Database,
    outbound: Outbound,
    webhook_id: WebhookId,
    wished: WebhookChange,
    *,
    owner: str | None = None,
) -> WebhookView:
    """Change what is given; one that is enabled again is told of what happens from now on.

    Raises:
        NotFound: there is none such of the owner's.
        UrlRefused: we do not go to such an address.
    """
    if wished.url is not None:
        outbound.admit(wished.url)
    number_events(db)
    with db.write() as tx:
        before = need(tx, webhook_id, owner=owner)
        tx.webhooks.change(webhook_id, _values(wished))
        if wished.is_enabled and not before.is_enabled:
            tx.webhooks.enable(webhook_id, tx.events.newest_id())
        if wished.is_enabled is False and before.is_enabled:
            tx.webhooks.disable(webhook_id, DisabledReason.ASKED)
    return show(db, webhook_id)


def _values(wished: WebhookChange) -> dict[str, Any]:
    given = {
        "url": wished.url,
        "events": None if wished.events is None else list(wished.events),
        "description": wished.description,
    }
    return {name: value for name, value in given.items() if value is not None}


def rotate(
    db: Database,
    safe: Safe,
    webhook_id: WebhookId,
    *,
    owner: str | None = None,
    claim: Claim | None = None,
) -> WebhookWithSecret:
    """Give a webhook a new secret; for a day the one before signs too.

    Raises:
        NotFound: there is none such of the owner's.
    """
    with db.write() as tx:
        need(tx, webhook_id, owner=owner)
        if once.made(tx, claim) is not None:
            # Once more, and what signed before would sign no longer.
            return _made_before(tx, safe, webhook_id)
        secret = _renew(tx, safe, webhook_id)
        once.note(tx, claim, webhook_id)
        return _with_secret(need(tx, webhook_id, owner=owner), secret)


def delete(db: Database, webhook_id: WebhookId, *, owner: str | None = None) -> None:
    """Delete a webhook with all its deliveries.

    Raises:
        NotFound: there is none such of the owner's.
    """
    with db.write() as tx:
        need(tx, webhook_id, owner=owner)
        tx.webhooks.delete(webhook_id)


def need(tx: Transaction, webhook_id: WebhookId, *, owner: str | None) -> WebhookRow:
    """Get a webhook that must be there, and be the owner's.

    Raises:
        NotFound: it is not.
    """
    row = tx.webhooks.get(webhook_id, owner) if webhook_id.isalnum() else None
    if row is None:
        raise NotFound(f"there is no webhook {webhook_id}", code="webhook.not_found")
    return row


def _view(row: WebhookRow) -> WebhookView:
    return WebhookView(**_shown(row))


def _with_secret(row: WebhookRow, secret: bytes) -> WebhookWithSecret:
    return WebhookWithSecret(**_shown(row), secret=signature.secret_of(secret))


def _shown(row: WebhookRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "account": row.account,
        "url": row.url,
        "events": row.events,
        "description": row.description,
        "is_system_wide": row.is_system_wide,
        "is_enabled": row.is_enabled,
        "disabled_reason": row.disabled_reason,
        "disabled_at": row.disabled_at,
        "failing_since": row.failing_since,
        "previous_secret_until": row.previous_until,
        "n_delivered": row.n_delivered,
        "n_failed": row.n_failed,
        "created_at": row.created_at,
    }
