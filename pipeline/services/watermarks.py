"""The image of a job's watermark, where its tasks find it."""

from base64 import b64decode
from hashlib import sha256

from pipeline.core.keys import watermark_key
from pipeline.database.port import Database
from pipeline.services import assets
from pipeline.storage.port import ObjectStore
from schemas.profile import Profile
from schemas.vocabulary import AssetId


def keep(
    db: Database,
    storage: ObjectStore,
    asset_id: AssetId,
    profile: Profile,
    *,
    owner: str | None = None,
) -> None:
    """Store the image of a profile beside the source, once per asset, before a job needs it.

    It is named by its content, so that putting it again changes nothing, and goes with the asset.

    Raises:
        NotFound: there is no such asset.
        StorageUnavailable, StorageFull.
    """
    if profile.watermark is None:
        return
    with db.read() as tx:
        assets.need(tx, asset_id, owner=owner)
    put(storage, asset_id, profile)


def put(storage: ObjectStore, asset_id: AssetId, profile: Profile) -> None:
    """Store the image where the tasks of an asset find it.

    Raises:
        StorageUnavailable, StorageFull.
    """
    if profile.watermark is None:
        return
    png = b64decode(profile.watermark.png_base64)
    key = watermark_key(asset_id, sha256(png).hexdigest())
    storage.put_bytes(key, png, content_type="image/png")
