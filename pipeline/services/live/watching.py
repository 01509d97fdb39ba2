"""What viewers of a stream get by HLS: the window over what is on, or that nothing is."""

from datetime import UTC, datetime, timedelta

from pipeline.core import hls, links
from pipeline.core.lifecycle import JOB_ENDED
from pipeline.core.live import playlist
from pipeline.core.live_errors import Offline
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import JobRow
from pipeline.database.streams import SessionRow
from pipeline.services import assets, playback, stream_viewing
from pipeline.services.playback import GeneratedText
from pipeline.services.stream_viewing import StreamAdmission
from pipeline.services.viewing import Viewer
from schemas.streams import SessionState, StreamId
from schemas.timeline import Timeline
from schemas.vocabulary import Medium

MASTER = "master"
_HLS_TYPE = "application/vnd.apple.mpegurl"
#: A broadcast that is over is shown to its end for so long.
_LINGERS = timedelta(seconds=60)


def shown(
    db: Database, stream_id: StreamId, name: str, viewer: Viewer, *, window_s: int = 0
) -> tuple[GeneratedText, StreamAdmission]:
    """Make a playlist of what is on, for somebody who may watch: ``master``, or a rendition's.

    Args:
        window_s: how far back it goes, where that is more than what players need.

    Raises:
        Offline: nothing is, or nothing of it can be played yet.
        NotFound: no such stream, not for this viewer, or no such rendition.
        Forbidden: the link they show is void.
    """
    with db.read() as tx:
        admission = stream_viewing.admit(tx, stream_id, viewer)
        session, job = _on_air(tx, stream_id)
        timeline = _window(tx, session, job, window_s)
        if name == MASTER:
            text = hls.master(timeline, is_live=True)
            return GeneratedText(text, _HLS_TYPE, is_final=False), admission
        asset = assets.need(tx, session.asset_id)
        base = links.below(asset.id, admission.token_for(viewer.key, asset))
        first = min(each.segments[0].index for each in timeline.renditions)
        n_breaks = tx.media.n_breaks(job.id, first + 1)
    text = playlist.media(timeline, name, base=base, n_breaks=n_breaks)
    return GeneratedText(text, _HLS_TYPE, is_final=False), admission


def _on_air(tx: Transaction, stream_id: StreamId) -> tuple[SessionRow, JobRow]:
    newest = next(iter(tx.sessions.of_stream(stream_id, 1)), None)
    if newest is None or newest.job_id is None:
        raise _offline(stream_id)
    job = tx.jobs.get(newest.job_id)
    if job is None or job.plan is None:
        raise _offline(stream_id)
    if newest.state is SessionState.CLOSED and job.finished_at is not None:
        if datetime.fromtimestamp(tx.jobs.now(), UTC) - job.finished_at > _LINGERS:
            raise _offline(stream_id)
    elif job.state in JOB_ENDED:
        # It failed, while somebody still publishes.
        raise _offline(stream_id)
    return newest, job


def _offline(stream_id: StreamId) -> Offline:
    return Offline(f"nothing of stream {stream_id} is on")


def _window(tx: Transaction, session: SessionRow, job: JobRow, window_s: int) -> Timeline:
    if job.plan is None:
        raise _offline(session.stream_id)
    rows = tx.media.newest(job.id, playlist.window(window_s, job.plan.segment_s))
    renditions = [
        playback.rendition(
            row, playback.shown(each for each in rows if each.rendition == row.name), {}
        )
        for row in tx.media.renditions(job.id)
    ]
    known = tuple(each for each in renditions if each.segments)
    if not known:
        raise _offline(session.stream_id)
    return Timeline(
        asset_id=session.asset_id,
        job_id=job.id,
        duration_s=job.plan.duration_s,
        segment_s=job.plan.segment_s,
        is_encrypted=job.plan.is_encrypted,
        opened_at=session.opened_at,
        is_ended=job.state in JOB_ENDED,
        renditions=tuple(each for each in known if each.medium is not Medium.TEXT),
    )
