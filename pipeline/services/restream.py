"""Targets that streams are pushed on to: made, shown, changed, and told of by their door."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.core.egress import Rules
from pipeline.core.errors import Conflict, NotFound
from pipeline.core.restream import destination
from pipeline.database.port import Database, Transaction
from pipeline.database.restream import NewTarget, TargetReport, TargetRow
from pipeline.services import once, streams
from pipeline.services.ids import new_id
from pipeline.services.once import Claim
from pipeline.services.safe import Safe
from schemas.restream import (
    RestreamChange,
    RestreamList,
    RestreamRequest,
    RestreamTargetId,
    RestreamView,
)
from schemas.streams import StreamId

#: What the keys are locked away for.
PURPOSE = "restream"
#: More places than one streamer is seen at; each costs a door the stream's whole bit rate.
MAX_PER_STREAM = 10


@dataclass(frozen=True)
class Wanted:
    """A target that a door should push on to, with all it takes."""

    id: RestreamTargetId
    stream_id: StreamId
    version: int
    url: str
    #: None where the installation's secret was changed since: it must be given anew.
    key: str | None = field(repr=False)


def create(
    db: Database,
    safe: Safe,
    rules: Rules,
    stream_id: StreamId,
    request: RestreamRequest,
    *,
    owner: str | None,
    claim: Claim | None = None,
) -> RestreamView:
    """Make a target; a broadcast that is on is pushed there within seconds.

    Raises:
        NotFound: there is no such stream of the owner's.
        UrlRefused: we do not push to such an address.
        Conflict: ``restream.too_many``.
    """
    url = destination(request.url, rules).url
    with db.write() as tx:
        before = once.made(tx, claim)
        if before is not None:
            return _view(need(tx, stream_id, RestreamTargetId(before), owner=owner))
        streams.need(tx, stream_id, owner=owner)
        # Held, so that two at once are counted.
        tx.streams.hold(stream_id)
        if tx.restream.count_of(stream_id) >= MAX_PER_STREAM:
            raise Conflict(
                f"stream {stream_id} is pushed on to {MAX_PER_STREAM} targets already",
                code="restream.too_many",
                remedy="Delete targets that are not needed any more.",
            )
        target_id = RestreamTargetId(new_id())
        kept = safe.keep(request.key.encode(), target_id)
        tx.restream.add(
            NewTarget(target_id, stream_id, request.label, url, kept, request.is_enabled)
        )
        once.note(tx, claim, target_id)
        return _view(need(tx, stream_id, target_id, owner=owner))


def listing(db: Database, stream_id: StreamId, *, owner: str | None) -> RestreamList:
    """List a stream's targets, oldest first.

    Raises:
        NotFound: there is no such stream of the owner's.
    """
    with db.read() as tx:
        streams.need(tx, stream_id, owner=owner)
        return RestreamList(items=tuple(_view(row) for row in tx.restream.of(stream_id)))


def show(
    db: Database, stream_id: StreamId, target_id: RestreamTargetId, *, owner: str | None
) -> RestreamView:
    """Show a target.

    Raises:
        NotFound: there is none such of the owner's.
    """
    with db.read() as tx:
        return _view(need(tx, stream_id, target_id, owner=owner))


def change(
    db: Database,
    safe: Safe,
    rules: Rules,
    stream_id: StreamId,
    target_id: RestreamTargetId,
    wished: RestreamChange,
    *,
    owner: str | None,
) -> RestreamView:
    """Change what is given; another address or key is pushed to anew.

    Raises:
        NotFound: there is none such of the owner's.
        UrlRefused: we do not push to such an address.
    """
    given = wished.model_fields_set
    values: dict[str, Any] = {}
    if "url" in given:
        values["url"] = destination(wished.url, rules).url
    if "key" in given:
        values["kept_key"] = safe.keep(wished.key.encode(), target_id)
    if "is_enabled" in given:
        values["is_enabled"] = wished.is_enabled
    with db.write() as tx:
        need(tx, stream_id, target_id, owner=owner)
        if "label" in given:
            tx.restream.name(target_id, wished.label)
        tx.restream.change(target_id, values)
        return _view(need(tx, stream_id, target_id, owner=owner))


def delete(
    db: Database, stream_id: StreamId, target_id: RestreamTargetId, *, owner: str | None
) -> None:
    """Delete a target; pushing to it ends within seconds.

    Raises:
        NotFound: there is none such of the owner's.
    """
    with db.write() as tx:
        need(tx, stream_id, target_id, owner=owner)
        tx.restream.delete(target_id)


def exchange(
    db: Database, safe: Safe, reports: Sequence[TargetReport], stream_ids: Collection[StreamId]
) -> list[Wanted]:
    """Note how a door's pushing goes; answer what it should push of the streams it has.

    Raises:
        DatabaseUnavailable: nothing is known; what is pushed stays.
    """
    if reports:
        with db.write() as tx:
            tx.restream.report(reports)
    with db.read() as tx:
        rows = tx.restream.wanted(stream_ids)
    return [_wanted(row, safe) for row in rows]


def _wanted(row: TargetRow, safe: Safe) -> Wanted:
    key = safe.read(row.kept_key, row.id)
    return Wanted(
        row.id, row.stream_id, row.version, row.url, None if key is None else key.decode()
    )


def need(
    tx: Transaction, stream_id: StreamId, target_id: RestreamTargetId, *, owner: str | None
) -> TargetRow:
    """Get a target that must be there, and be of this stream of the owner's.

    Raises:
        NotFound: it is not.
    """
    streams.need(tx, stream_id, owner=owner)
    row = tx.restream.get(target_id)
    if row is None or row.stream_id != stream_id:
        raise NotFound(f"there is no target {target_id}", code="restream.not_found")
    return row


def _view(row: TargetRow) -> RestreamView:
    return RestreamView(
        id=row.id,
        stream_id=row.stream_id,
        label=row.label,
        url=row.url,
        is_enabled=row.is_enabled,
        state=row.state,
        error=row.error,
        since=row.since,
        sent_bytes=row.sent_bytes,
        dropped=row.n_dropped,
        created_at=row.created_at,
    )
