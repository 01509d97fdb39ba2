"""Who may watch a stream, and the links that let others watch it for a while."""

from dataclasses import dataclass

from pipeline.core import links
from pipeline.core.errors import NotFound
from pipeline.core.links import Link
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import AssetRow
from pipeline.database.streams import StreamRow
from pipeline.services import streams
from pipeline.services.viewing import Viewer, owns
from schemas.identity import Playback
from schemas.playback import PlaybackLinkRequest
from schemas.streams import StreamId
from schemas.watched_stream import StreamLinks

#: Where viewers read what they may know of a stream, below its live address.
STREAM_NAME = "stream.json"


@dataclass(frozen=True)
class StreamAdmission:
    """A right to watch a stream."""

    stream: StreamRow
    #: Everybody has it: what is answered may be kept for others.
    is_open: bool
    #: Of a signed address.
    token: str | None = None
    link: Link | None = None
    #: Seconds until the address is void.
    left_s: float | None = None

    @property
    def until_s(self) -> float | None:
        """When a signed address is void, on the Unix clock."""
        return None if self.link is None else self.link.expires_at_s

    @property
    def below(self) -> str:
        """Address the stream's media lie below; its FLV is at the same and ``.flv``."""
        return links.live_below(self.stream.id, self.token)

    def token_for(self, key: bytes, asset: AssetRow) -> str | None:
        """Sign what is recorded of the stream, for as long as the stream's link holds.

        The same each time it is asked, so that playlists stay as they are; None where no link
        was shown: then the asset's own gate knows who asks.
        """
        if self.link is None:
            return None
        granted = Link(self.link.expires_at_s, asset.playback_epoch, self.link.label)
        return links.sign(key, asset.id, granted)


def admit(tx: Transaction, stream_id: StreamId, viewer: Viewer) -> StreamAdmission:
    """Let a viewer in.

    A private stream is not there for those without a right, just as one that never was. A link is
    looked at whenever one is shown: a forged or expired one opens nothing.

    Raises:
        NotFound: no such stream, or not for them (``stream.not_found``).
        Forbidden: the link is forged, expired or revoked.
    """
    if viewer.token is not None:
        return _admit_link(tx, stream_id, viewer.key, viewer.token)
    stream = streams.need(tx, stream_id, owner=None)
    is_open = stream.playback is not Playback.PRIVATE
    if not is_open and not owns(viewer.who, stream.account):
        raise NotFound(f"there is no stream {stream_id}", code="stream.not_found")
    return StreamAdmission(stream, is_open)


def _admit_link(tx: Transaction, stream_id: StreamId, key: bytes, token: str) -> StreamAdmission:
    # Before the database is asked: who guesses learns nothing of which streams there are.
    link = links.read(key, stream_id, token)
    stream = streams.need(tx, stream_id, owner=None)
    now_s = tx.jobs.now()
    links.check(link, now_s=now_s, epoch=stream.playback_epoch)
    return StreamAdmission(stream, False, token, link, link.expires_at_s - now_s)


def link(
    db: Database,
    stream_id: StreamId,
    asked: PlaybackLinkRequest,
    *,
    key: bytes,
    owner: str | None,
) -> StreamLinks:
    """Make addresses that anybody may watch a stream by until they expire.

    Nothing is stored: what they grant stands in them, signed.

    Raises:
        NotFound: there is no such stream of the owner's.
    """
    with db.read() as tx:
        stream = streams.need(tx, stream_id, owner=owner)
        granted = Link(int(tx.jobs.now()) + asked.expires_in_s, stream.playback_epoch, asked.label)
    below = links.live_below(stream_id, links.sign(key, stream_id, granted))
    return StreamLinks(
        stream_id=stream_id,
        expires_at=granted.expires_at,
        label=granted.label,
        live_url=below,
        hls_url=f"{below}/master.m3u8",
        flv_url=f"{below}.flv",
        stream_url=f"{below}/{STREAM_NAME}",
    )


def revoke_links(db: Database, stream_id: StreamId, *, owner: str | None) -> None:
    """Void all links of a stream given out so far, and of what was recorded of it.

    Raises:
        NotFound: there is no such stream of the owner's.
    """
    with db.write() as tx:
        streams.need(tx, stream_id, owner=owner)
        tx.streams.revoke_links(stream_id)
