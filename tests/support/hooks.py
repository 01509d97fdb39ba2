"""Webhooks without anybody to send to: made, and asked for what was written for them."""

from pipeline.core.egress import Rules
from pipeline.core.webhooks import Answered
from pipeline.database.port import Database
from pipeline.database.rows import NewAsset
from pipeline.database.webhooks import DeliveryRow
from pipeline.outbound.guarded import GuardedOutbound
from pipeline.services import sending, webhooks
from pipeline.services.announcing import announce
from pipeline.services.ids import new_id
from pipeline.services.safe import Safe
from schemas.events import EventType
from schemas.vocabulary import AssetId
from schemas.webhooks import DEFAULT_EVENTS, Outcome, WebhookId, WebhookRequest

SAFE = Safe.of(b"the installation's secret", "webhooks")
OUTBOUND = GuardedOutbound(Rules.read("127.0.0.0/8"))
DELIVERED = Answered(Outcome.DELIVERED, 200)
BROKEN = Answered(Outcome.REFUSED, 500)


def make(
    db: Database,
    *,
    account: str = "local",
    events: tuple[str, ...] = DEFAULT_EVENTS,
    is_system_wide: bool = False,
    url: str = "http://127.0.0.1:9/hook",
) -> WebhookId:
    """Make a webhook that is told of everything worth telling."""
    request = WebhookRequest(url=url, events=events, is_system_wide=is_system_wide)
    return webhooks.create(db, OUTBOUND, SAFE, request, account=account).id


def asset_of(db: Database, account: str, metadata: dict[str, str] | None = None) -> AssetId:
    """Make an asset."""
    asset_id = AssetId(new_id())
    with db.write() as tx:
        tx.assets.add(
            NewAsset(
                id=asset_id,
                account=account,
                filename="clip.mp4",
                source_key=f"assets/{asset_id}/source",
                size_bytes=1,
                sha256="0" * 64,
                metadata=metadata or {},
            )
        )
    return asset_id


def happen(db: Database, asset_id: AssetId, n: int = 1, type_: EventType | None = None) -> None:
    """Have something happen to an asset, each time in a transaction of its own."""
    for _ in range(n):
        with db.write() as tx:
            tx.emit(type_ or EventType.ASSET_READY, asset_id=asset_id)


def announce_all(db: Database) -> None:
    """Tell of everything there is."""
    while announce(db, limit=50):
        pass


def log_of(db: Database, webhook_id: WebhookId) -> list[DeliveryRow]:
    """Read a webhook's deliveries, oldest first."""
    from pipeline.database.webhooks import DeliveryFilter

    with db.read() as tx:
        rows = tx.deliveries.page(webhook_id, None, 10_000, DeliveryFilter())
    return rows[::-1]


def must_begin(db: Database, webhook_id: WebhookId) -> sending.Post:
    """Take a webhook's first delivery."""
    post = sending.begin(db, webhook_id)
    assert post is not None, "nothing to send"
    return post
