"""What people say of an asset, changed later."""

from collections.abc import Callable

from pipeline.core.errors import Outdated
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import AssetRow
from pipeline.services import assets, views
from schemas.edits import AssetPatch
from schemas.http import AssetView
from schemas.vocabulary import AssetId

#: Asked inside the transaction whether the change is for what is there.
IsCurrent = Callable[[AssetView], bool]


def change(
    db: Database,
    asset_id: AssetId,
    patch: AssetPatch,
    *,
    owner: str | None = None,
    is_current: IsCurrent,
) -> AssetView:
    """Change some of what is said of an asset.

    Raises:
        NotFound: there is no such asset.
        Outdated: it is another than the caller has seen.
    """
    with db.write() as tx:
        row = held(tx, asset_id, owner=owner)
        if not is_current(views.asset(tx, row, is_detailed=True)):
            raise Outdated(f"asset {asset_id} has changed meanwhile")
        changed = tx.assets.edit(asset_id, patch.said) or row
        return views.asset(tx, changed, is_detailed=True)


def held(tx: Transaction, asset_id: AssetId, *, owner: str | None) -> AssetRow:
    """Get an asset that nobody else edits until the transaction ends.

    Raises:
        NotFound: there is no such asset.
    """
    found = assets.need(tx, asset_id, owner=owner)
    return tx.assets.edit(asset_id, {}) or found
