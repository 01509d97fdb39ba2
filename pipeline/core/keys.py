"""Every object key, in one place.

All an asset owns lies under ``assets/{asset}/``; what one attempt of a task wrote lies under
``assets/{asset}/{task}-{epoch}/``, so that two attempts can never write the same object.
"""

from schemas.vocabulary import AssetId, TaskId


def asset_prefix(asset_id: AssetId) -> str:
    """Name the prefix of everything an asset owns."""
    return f"assets/{asset_id}/"


def asset_of(prefix: str) -> AssetId:
    """Tell whose objects lie under a key or prefix."""
    return AssetId(prefix.split("/", 2)[1])


def source_key(asset_id: AssetId) -> str:
    """Name the object that holds what was handed in."""
    return f"{asset_prefix(asset_id)}source"


def fetched_prefix(asset_id: AssetId, epoch: int) -> str:
    """Name the prefix of a source that is fetched; others take the fetch over, and go on."""
    return f"{asset_prefix(asset_id)}fetched-{epoch}/"


def spool_prefix(asset_id: AssetId) -> str:
    """Name the prefix of the pieces of what a publisher sent."""
    return f"{asset_prefix(asset_id)}spool/"


def watermark_key(asset_id: AssetId, sha256: str) -> str:
    """Name the object that holds the image laid over an asset's pictures."""
    return f"{asset_prefix(asset_id)}watermark-{sha256}.png"


def attempt_prefix(asset_id: AssetId, task_id: TaskId, epoch: int) -> str:
    """Name the prefix one attempt writes under; the epoch makes it unique."""
    return f"{asset_prefix(asset_id)}{task_id}-{epoch}/"


def spool_key(asset_id: AssetId, epoch: int, number: int) -> str:
    """Name the object that holds a piece of what a publisher sent."""
    return f"{asset_prefix(asset_id)}spool/{epoch}-{number:05d}.flv"


def media_path(asset_id: AssetId, key: str) -> str:
    """Turn an object key into its path below ``/media/{asset}/``."""
    return key.removeprefix(asset_prefix(asset_id))


def media_key(asset_id: AssetId, path: str) -> str:
    """Turn a path below ``/media/{asset}/`` into its object key."""
    return f"{asset_prefix(asset_id)}{path}"
