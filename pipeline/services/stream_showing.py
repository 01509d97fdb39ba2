"""Streams as viewers are shown them: what is on, who watches, where to go on from there."""

from dataclasses import dataclass

from pipeline.audience.port import Viewers
from pipeline.core import links
from pipeline.database.port import Database, Transaction
from pipeline.database.streams import SessionRow
from pipeline.services.stream_viewing import STREAM_NAME, StreamAdmission, admit
from pipeline.services.viewing import Viewer
from schemas.streams import SessionState, StreamId, StreamState
from schemas.vocabulary import AssetState
from schemas.watched_stream import WatchedStream

#: States of an asset in which there is something to watch.
_WATCHABLE = frozenset({AssetState.PLAYABLE, AssetState.READY})
#: The recording a viewer is led to is one of so many newest broadcasts.
_RECENT = 5


@dataclass(frozen=True)
class Shown:
    """A stream, and by what right it is shown."""

    stream: WatchedStream
    admission: StreamAdmission
    #: Where viewers of FLV may be sent to, as the door says; empty: nowhere else.
    door_url: str = ""


def show(db: Database, viewers: Viewers, stream_id: StreamId, viewer: Viewer) -> Shown:
    """Show a stream to somebody who may watch it, with who else does.

    Raises:
        NotFound, Forbidden: they may not; see ``admit``.
    """
    with db.read() as tx:
        admission = admit(tx, stream_id, viewer)
        recent = tx.sessions.of_stream(stream_id, _RECENT)
        running = next((one for one in recent if one.state is not SessionState.CLOSED), None)
        over = [one for one in recent if one.state is SessionState.CLOSED]
        dvr_url = None if running is None else _page_of(tx, viewer.key, admission, running)
        recordings = (_page_of(tx, viewer.key, admission, one) for one in over)
        recording_url = next((url for url in recordings if url is not None), None)
    stream, below = admission.stream, admission.below
    is_live = stream.state is StreamState.LIVE
    crowds = viewers.count([stream_id]) if is_live else None
    watched = WatchedStream(
        id=stream.id,
        title=stream.title,
        description=stream.description,
        status=stream.state,
        is_reconnecting=running is not None and running.state is SessionState.GRACE,
        scheduled_for=stream.scheduled_for,
        started_at=stream.started_at,
        ended_at=stream.ended_at,
        viewer_count=crowds[stream_id].n if crowds and stream_id in crowds else None,
        live_url=below,
        hls_url=f"{below}/master.m3u8",
        flv_url=f"{below}.flv",
        stream_url=f"{below}/{STREAM_NAME}",
        dvr_url=dvr_url,
        recording_url=recording_url,
    )
    door_url = "" if running is None else str(running.facts.get("public_url", ""))
    return Shown(watched, admission, door_url)


def _page_of(
    tx: Transaction, key: bytes, admission: StreamAdmission, session: SessionRow
) -> str | None:
    """Name the page of what a broadcast left, if there is something to watch."""
    asset = tx.assets.get(session.asset_id)
    if asset is None or asset.state not in _WATCHABLE:
        return None
    token = admission.token_for(key, asset)
    return f"/watch/{asset.id}" if token is None else f"/watch/{asset.id}/{links.MARK}{token}"
