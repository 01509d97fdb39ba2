"""Streams without publishers: set up, and held as a door holds them."""

from dataclasses import dataclass

from pipeline.database.port import Database
from pipeline.database.streams import SessionRow, Touch
from pipeline.profiles import load
from pipeline.services import sessions, stream_keys, streams, watching
from pipeline.services.stream_views import Addresses
from schemas.identity import Playback
from schemas.streams import StreamId, StreamKeyId, StreamKeyRequest, StreamRequest, StreamView

AT = Addresses(rtmp_url="rtmp://localhost/live")
PROFILE = load(None).get("default")
DOOR = "http://127.0.0.1:1"
LEASE_S = 60.0


@dataclass(frozen=True)
class Channel:
    """A stream with a key."""

    id: StreamId
    key_id: StreamKeyId
    secret: str


def channel(
    db: Database,
    *,
    account: str = "local",
    grace_s: int = 60,
    playback: Playback = Playback.PUBLIC,
) -> Channel:
    """Set one up."""
    request = StreamRequest(title="Talk", grace_s=grace_s, playback=playback)
    stream = streams.create(db, request, PROFILE, account=account, at=AT)
    asked = StreamKeyRequest(stream_id=stream.id)
    key = stream_keys.create(db, asked, PROFILE, account=account, owner=account)
    return Channel(stream.id, key.id, key.key)


def publish(
    db: Database, secret: str, *, holder: str = "h1", lease_s: float = LEASE_S
) -> SessionRow:
    """Come with a key, as a publisher does."""
    return sessions.open_session(
        db, key_secret=secret, door_url=DOOR, holder=holder, lease_s=lease_s
    )


def touch(db: Database, session: SessionRow, *, n_bytes: int = 1) -> sessions.Order | None:
    """Say that a publisher is there."""
    told = Touch(session.id, session.epoch, n_bytes, is_alive=n_bytes > 0)
    return sessions.touch_sessions(db, [told], lease_s=LEASE_S).get(session.id)


def shown(db: Database, stream_id: StreamId) -> StreamView:
    """Show a stream."""
    return streams.show(db, stream_id, at=AT, owner=None)


def told(db: Database) -> list[str]:
    """Name the events of streams, oldest first."""
    found = watching.events_after(db, 0, limit=1000)
    return [event.type.value for event in found if event.type.startswith("stream.")]
