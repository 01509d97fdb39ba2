"""Who may watch an asset, what they are shown of it, and the links that let others watch."""

from dataclasses import dataclass
from typing import Any

from pipeline.core import links
from pipeline.core.access import Rule, allows, sees_all
from pipeline.core.errors import NotFound
from pipeline.core.links import Link
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import AssetRow
from pipeline.services import assets, views
from schemas.http import AssetView
from schemas.identity import Identity, Playback, Role, Scope
from schemas.playback import PlaybackLinkRequest, PlaybackLinks, WatchedAsset
from schemas.vocabulary import AssetId

#: Where viewers read what they may know of an asset, below its media address.
ASSET_NAME = "asset.json"
#: Warnings that a viewer may wonder about; the others are for the owner.
TOLD = frozenset({"media.concealed", "media.silenced", "media.complaints", "media.cut_short"})
_OWNERS = Rule(Role.VIEWER, Scope.ASSETS_READ)
#: Addresses below an asset's media address, as views name them.
_MEDIA_URLS = ("hls_url", "dash_url", "download_url", "poster_url", "storyboard_url")


@dataclass(frozen=True)
class Viewer:
    """Who wants to watch, and by what right."""

    #: What links are signed with.
    key: bytes
    who: Identity | None = None
    #: Of a signed address.
    token: str | None = None


@dataclass(frozen=True)
class Admission:
    """A right to watch."""

    asset: AssetRow
    #: Everybody has it: what is answered may be kept for others.
    is_open: bool
    #: Of a signed address: when it ends, and how long that is from now.
    until_s: float | None = None
    left_s: float | None = None


def admit(tx: Transaction, asset_id: AssetId, viewer: Viewer) -> Admission:
    """Let a viewer in.

    A private asset is not there for those without a right, just as one that never was. A link is
    looked at whenever one is shown: a forged or expired one opens nothing.

    Raises:
        NotFound: no such asset, or not for them.
        Forbidden: the link is forged, expired or revoked.
    """
    if viewer.token is not None:
        return _admit_link(tx, asset_id, viewer.key, viewer.token)
    asset = assets.need(tx, asset_id)
    is_open = asset.playback is not Playback.PRIVATE
    if not is_open and not owns(viewer.who, asset.account):
        raise NotFound(f"there is no asset {asset_id}", code="asset.not_found")
    return Admission(asset, is_open)


def _admit_link(tx: Transaction, asset_id: AssetId, key: bytes, token: str) -> Admission:
    # Before the database is asked: who guesses learns nothing of which assets there are.
    link = links.read(key, asset_id, token)
    asset = assets.need(tx, asset_id)
    now_s = tx.jobs.now()
    links.check(link, now_s=now_s, epoch=asset.playback_epoch)
    return Admission(asset, False, link.expires_at_s, link.expires_at_s - now_s)


def owns(who: Identity | None, account: str) -> bool:
    """Tell whether an account's assets are theirs, or they look after everybody's."""
    if who is None or not allows(_OWNERS, who):
        return False
    return sees_all(who) or who.account == account


def show(db: Database, asset_id: AssetId, viewer: Viewer) -> tuple[WatchedAsset, Admission]:
    """Show an asset to somebody who may watch it.

    Raises:
        NotFound, Forbidden: they may not; see ``admit``.
    """
    with db.read() as tx:
        admission = admit(tx, asset_id, viewer)
        whole = views.asset(tx, admission.asset, is_detailed=True)
    error = whole.error and whole.error.model_copy(update={"detail": ""})
    warnings = tuple(warning for warning in whole.warnings if warning.code in TOLD)
    watched = WatchedAsset(
        **_addresses(whole, viewer.token),
        id=whole.id,
        state=whole.state,
        filename=whole.filename,
        job_id=whole.job_id,
        chapters=whole.chapters,
        error=error,
        warnings=warnings,
    )
    return watched, admission


def link(
    db: Database,
    asset_id: AssetId,
    asked: PlaybackLinkRequest,
    *,
    key: bytes,
    owner: str | None = None,
) -> PlaybackLinks:
    """Make addresses that anybody may watch an asset by until they expire.

    Nothing is stored: what they grant stands in them, signed.

    Raises:
        NotFound: there is no such asset.
    """
    with db.read() as tx:
        row = assets.need(tx, asset_id, owner=owner)
        granted = Link(int(tx.jobs.now()) + asked.expires_in_s, row.playback_epoch, asked.label)
        view = views.asset(tx, row, is_detailed=False)
    addresses = _addresses(view, links.sign(key, asset_id, granted))
    return PlaybackLinks(
        asset_id=asset_id, expires_at=granted.expires_at, label=granted.label, **addresses
    )


def revoke_links(db: Database, asset_id: AssetId, *, owner: str | None = None) -> None:
    """Void all links of an asset given out so far.

    Raises:
        NotFound: there is no such asset.
    """
    with db.write() as tx:
        assets.need(tx, asset_id, owner=owner)
        tx.assets.revoke_links(asset_id)


def _addresses(view: AssetView, token: str | None) -> dict[str, Any]:
    """Name all addresses of an asset as they are for those who have a token."""
    plain, base = links.below(view.id, None), links.below(view.id, token)
    found = {name: getattr(view, name) for name in _MEDIA_URLS}
    mark = "" if token is None else f"/{links.MARK}{token}"
    return {
        **{name: url and base + url.removeprefix(plain) for name, url in found.items()},
        "watch_url": f"{view.watch_url}{mark}",
        "asset_url": f"{base}/{ASSET_NAME}",
    }
