"""Who is live, over all accounts: for everybody, as far as streams are public."""

from collections.abc import Mapping

from pipeline.audience.port import Crowd, ViewerKind, Viewers
from pipeline.core import keys
from pipeline.core.links import live_below
from pipeline.database.port import Database
from pipeline.database.stream_stats import OnAirRow
from pipeline.services import cursors
from schemas.on_air import OnAir, OnAirPage

#: More broadcasts at a time than any house has.
_MAX_COUNTED = 10_000


def page(db: Database, viewers: Viewers, *, cursor: str | None, limit: int) -> OnAirPage:
    """List public streams that are live, the newest broadcast first."""
    with db.read() as tx:
        rows = tx.stream_stats.on_air(cursors.decode(cursor), limit + 1, is_public=True)
    shown = [row for _, row in rows[:limit]]
    crowds = viewers.count([row.stream_id for row in shown])
    items = tuple(_item(row, None if crowds is None else crowds[row.stream_id]) for row in shown)
    return OnAirPage(items=items, next=cursors.following(rows, limit))


def totals(db: Database, viewers: Viewers) -> tuple[int, Mapping[ViewerKind, int] | None]:
    """Count what is on, of whoever, and who watches; None: nobody knows just now."""
    with db.read() as tx:
        ids = [row.stream_id for _, row in tx.stream_stats.on_air(None, _MAX_COUNTED)]
    crowds = viewers.count(ids)
    if crowds is None:
        return len(ids), None
    watching = {kind: sum(crowd.by_kind[kind] for crowd in crowds.values()) for kind in ViewerKind}
    return len(ids), watching


def _item(row: OnAirRow, crowd: Crowd | None) -> OnAir:
    below, poster = live_below(row.stream_id, None), row.poster_key
    return OnAir(
        id=row.stream_id,
        title=row.title,
        description=row.description,
        started_at=row.opened_at,
        is_reconnecting=row.is_away,
        viewer_count=None if crowd is None else crowd.n,
        live_url=below,
        hls_url=f"{below}/master.m3u8",
        flv_url=f"{below}.flv",
        poster_url=poster and f"/media/{row.asset_id}/{keys.media_path(row.asset_id, poster)}",
    )
