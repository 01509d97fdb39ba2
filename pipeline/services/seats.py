"""Who may follow what over a websocket: seats, the tickets to them, and whether they still hold.

A seat is checked again while it is taken: logins end, keys are revoked, assets made private.
The database is asked, not a bus told: what a bus loses would leave somebody listening.
"""

import secrets
from collections.abc import Iterable, Mapping

from pipeline.core.access import Rule, allows, sees_all
from pipeline.core.errors import Forbidden, NotFound, Unauthenticated
from pipeline.credentials import opaque
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import AssetGate
from pipeline.database.stream_stats import StreamGate
from pipeline.services import stream_stats, stream_viewing, viewing
from pipeline.services.uploads import finding
from pipeline.services.viewing import Viewer
from schemas.identity import Identity, Playback, Role, Scope
from schemas.streams import StreamId
from schemas.tickets import Audience, Seat, Ticket
from schemas.uploads import UploadId
from schemas.vocabulary import AssetId, JobId

#: A ticket is used by the script that asked for it.
TICKET_LIFE_S = 30
#: Whom another issuer vouches for cannot be asked about again: they come back with a fresh token.
_GUEST_S = 900.0
_EVERYTHING = Rule(Role.OPERATOR, Scope.JOBS_READ)
_OWN_UPLOADS = Rule(Role.CREATOR, Scope.UPLOADS_WRITE)
_OWN_JOBS = Rule(Role.CREATOR, Scope.JOBS_READ)


def offer(
    db: Database, viewer: Viewer, job_id: JobId | None, *, login_id: str | None = None
) -> Seat:
    """Find the seat somebody may take: an owner's where the job is theirs, a viewer's else.

    Raises:
        Unauthenticated, Forbidden: following everything is for operators.
        NotFound: there is no such job for them.
    """
    with db.read() as tx:
        until_s = _until(tx, viewer.who)
        if job_id is None:
            _need_operator(viewer.who)
            return Seat(
                audience=Audience.OWNERS, who=viewer.who, login_id=login_id, until_s=until_s
            )
        seat = _of_job(tx, viewer, job_id)
    ends = [end for end in (seat.until_s, until_s) if end is not None]
    return seat.model_copy(
        update={"login_id": login_id, "until_s": min(ends) if ends else None, "who": viewer.who}
    )


def offer_upload(
    db: Database, viewer: Viewer, upload_id: UploadId, *, login_id: str | None = None
) -> Seat:
    """Find the seat of an upload, which is its owner's and operators' alone.

    Raises:
        Unauthenticated, Forbidden: it takes credentials that reach so far.
        NotFound, Gone: there is no such upload for them (any more).
    """
    who = viewer.who
    if who is None or not allows(_OWN_UPLOADS, who):
        if who is None or who.is_anonymous:
            raise Unauthenticated("following an upload needs credentials")
        raise Forbidden("following an upload takes the role creator and the scope uploads:write")
    with db.read() as tx:
        finding.need(tx, upload_id, owner=None if sees_all(who) else who.account)
        return Seat(
            upload_id=upload_id,
            audience=Audience.OWNERS,
            who=who,
            login_id=login_id,
            until_s=_until(tx, who),
        )


def offer_stream(
    db: Database, viewer: Viewer, stream_id: StreamId, *, login_id: str | None = None
) -> Seat:
    """Find the seat of how a stream does: an owner's where it is theirs, a viewer's else.

    Raises:
        NotFound, Forbidden: they may not watch it; see ``stream_viewing.admit``.
    """
    with db.read() as tx:
        until_s = _until(tx, viewer.who)
        seat = Seat(
            stream_id=stream_id,
            audience=Audience.OWNERS,
            who=viewer.who,
            login_id=login_id,
            until_s=until_s,
        )
        if stream_stats.is_theirs(tx, stream_id, viewer.who):
            return seat
        admission = stream_viewing.admit(tx, stream_id, viewer)
    ends = [end for end in (admission.until_s, until_s) if end is not None]
    told = {
        "audience": Audience.VIEWERS,
        "link_epoch": None if admission.link is None else admission.link.epoch,
        "until_s": min(ends) if ends else None,
    }
    return seat.model_copy(update=told)


def _need_operator(who: Identity | None) -> None:
    if allows(_EVERYTHING, who):
        return
    if who is None or who.is_anonymous:
        raise Unauthenticated("following everything needs credentials")
    raise Forbidden("following everything takes the role operator and the scope jobs:read")


def _of_job(tx: Transaction, viewer: Viewer, job_id: JobId) -> Seat:
    job = tx.jobs.get(job_id) if job_id.isalnum() else None
    if job is None:
        raise _no_job(job_id)
    who = viewer.who
    if allows(_OWN_JOBS, who) and who is not None and (sees_all(who) or who.account == job.account):
        return Seat(job_id=job_id, audience=Audience.OWNERS)
    try:
        admission = viewing.admit(tx, job.asset_id, viewer)
    except NotFound:
        raise _no_job(job_id) from None
    if admission.asset.job_id != job_id:
        # Viewers follow what they will watch, not what else its owner tries.
        raise _no_job(job_id)
    return Seat(
        job_id=job_id,
        audience=Audience.VIEWERS,
        asset_id=job.asset_id,
        link_epoch=None if viewer.token is None else admission.asset.playback_epoch,
        until_s=admission.until_s,
    )


def _no_job(job_id: JobId) -> NotFound:
    return NotFound(f"there is no job {job_id}", code="job.not_found")


def _until(tx: Transaction, who: Identity | None) -> float | None:
    if who is None or who.is_anonymous or tx.accounts.get(who.account) is not None:
        return None
    return tx.jobs.now() + _GUEST_S


def issue(db: Database, seat: Seat) -> Ticket:
    """Make a ticket to a seat: good once, on any API process, for half a minute."""
    text = secrets.token_urlsafe(32)
    with db.write() as tx:
        tx.tickets.add(opaque.digest(text), seat.model_dump(mode="json"), life_s=TICKET_LIFE_S)
    return Ticket(ticket=text, expires_in_s=TICKET_LIFE_S)


def redeem(
    db: Database,
    text: str,
    job_id: JobId | None = None,
    upload_id: UploadId | None = None,
    stream_id: StreamId | None = None,
) -> Seat:
    """Take the seat of a ticket, which is void then.

    Raises:
        Unauthenticated: it was used, is too old, is for another seat or never was one.
    """
    with db.write() as tx:
        kept = tx.tickets.take(opaque.digest(text))
    seat = None if kept is None else Seat.model_validate(kept)
    if seat is None or _about(seat) != (job_id, upload_id, stream_id):
        raise Unauthenticated(
            "this ticket was used, is too old, or is for something else",
            code="websocket.ticket_invalid",
            remedy="Ask for a new one (POST /api/tickets) each time you connect.",
        )
    return seat


def _about(seat: Seat) -> tuple[str | None, str | None, str | None]:
    return seat.job_id, seat.upload_id, seat.stream_id


def void(db: Database, seats: Iterable[Seat]) -> set[Seat]:
    """Find those whose right has ended; the same rights are looked up once."""
    # A job is of one asset for ever: it plays no part.
    rights = {seat: seat.model_copy(update={"job_id": None, "upload_id": None}) for seat in seats}
    distinct = set(rights.values())
    with db.read() as tx:
        now_s = tx.jobs.now()
        gates = tx.assets.gates({seat.asset_id for seat in distinct if seat.asset_id is not None})
        streams = {seat.stream_id for seat in distinct if seat.stream_id is not None}
        doors = tx.stream_stats.gates(streams)
        held = {
            seat
            for seat in distinct
            if _holds(tx, seat, now_s) and _admits(seat, gates) and _shows(seat, doors)
        }
    return {seat for seat, right in rights.items() if right not in held}


def _holds(tx: Transaction, seat: Seat, now_s: float) -> bool:
    if seat.until_s is not None and now_s >= seat.until_s:
        return False
    return seat.who is None or seat.who.is_anonymous or _is_known(tx, seat, seat.who)


def _admits(seat: Seat, gates: Mapping[AssetId, AssetGate]) -> bool:
    """Tell whether what a seat follows may still be watched: an asset."""
    if seat.asset_id is None:
        return True
    gate = gates.get(seat.asset_id)
    if gate is None:
        return False
    if seat.link_epoch is not None:
        return seat.link_epoch == gate.playback_epoch
    return gate.playback is not Playback.PRIVATE or viewing.owns(seat.who, gate.account)


def _shows(seat: Seat, gates: Mapping[StreamId, StreamGate]) -> bool:
    """Tell whether what a seat follows may still be watched: a stream."""
    if seat.stream_id is None:
        return True
    gate = gates.get(seat.stream_id)
    if gate is None or seat.audience is Audience.OWNERS:
        return gate is not None
    if seat.link_epoch is not None:
        return seat.link_epoch == gate.playback_epoch
    return gate.playback is not Playback.PRIVATE or viewing.owns(seat.who, gate.account)


def _is_known(tx: Transaction, seat: Seat, who: Identity) -> bool:
    account = tx.accounts.get(who.account)
    if account is None:
        # A guest of another issuer, for as long as that holds; whoever had an account lost it.
        return seat.until_s is not None
    if account.is_disabled or account.role is not who.role:
        return False
    if who.key_id is not None:
        key = tx.api_keys.get(who.key_id)
        return key is not None and key.is_live
    login = None if seat.login_id is None else tx.logins.get(seat.login_id)
    return seat.login_id is None or (login is not None and login.is_live)
