"""What players get: the growing playlists while a job runs, the final ones after it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.core import dash, encryption, hls, keys, webvtt
from pipeline.core.argv.mux import DOWNLOAD_NAME
from pipeline.core.errors import NotFound
from pipeline.core.lifecycle import JOB_ENDED
from pipeline.database.port import Database, Transaction
from pipeline.database.rows import AssetRow, JobRow, RenditionRow, SegmentRow
from pipeline.services import assets, chapters, jobs, viewing
from pipeline.services.viewing import Admission, Viewer
from schemas.timeline import RenditionTimeline, Timeline, TimelineSegment
from schemas.vocabulary import AssetId, JobId, VideoRange

_HLS_TYPE = "application/vnd.apple.mpegurl"
_DASH_TYPE = "application/dash+xml"
_CHAPTERS_NAME = "chapters.vtt"


@dataclass(frozen=True)
class StoredFile:
    """An object players may get."""

    key: str
    content_type: str
    #: Its address will never hold anything else.
    is_immutable: bool
    #: What a browser saves it as instead of showing it.
    download_name: str | None = None


@dataclass(frozen=True)
class ContentKey:
    """What a job's segments are encrypted with."""

    key: bytes = field(repr=False)


@dataclass(frozen=True)
class GeneratedText:
    """A playlist made from what is published at this moment."""

    text: str
    content_type: str
    #: It will not change any more.
    is_final: bool


Found = StoredFile | GeneratedText | ContentKey


def file(db: Database, asset_id: AssetId, path: str, viewer: Viewer) -> tuple[Found, Admission]:
    """Find what an address below the asset's media address holds now, for somebody who may watch.

    Raises:
        NotFound: nothing (yet), or nothing this viewer may see.
        Forbidden: the link they show is void.
    """
    with db.read() as tx:
        admission = viewing.admit(tx, asset_id, viewer)
        return _find(tx, admission.asset, path), admission


def _find(tx: Transaction, asset: AssetRow, path: str) -> Found:
    if "/" in path:
        return _stored(tx, asset.id, path)
    of_job = encryption.job_of(path)
    if of_job is not None:
        return _content_key(tx, asset.id, of_job)
    if asset.job_id is None:
        raise _nothing(asset.id, path)
    job = jobs.need(tx, asset.job_id)
    if path in job.files:
        stored = _type_of(tx, asset.id, job.files[path])
        saved_as = _saved_as(asset.filename) if path == DOWNLOAD_NAME else None
        return StoredFile(job.files[path], stored, False, saved_as)
    if path == _CHAPTERS_NAME:
        return _chapters_text(tx, asset, job)
    return _generated(_timeline(tx, job), path, asset.playable_at)


def _chapters_text(tx: Transaction, asset: AssetRow, job: JobRow) -> GeneratedText:
    marks = chapters.of(tx, asset)
    if not marks:
        raise _nothing(asset.id, _CHAPTERS_NAME)
    return GeneratedText(webvtt.chapters(marks), "text/vtt", job.state in JOB_ENDED)


def _stored(tx: Transaction, asset_id: AssetId, path: str) -> StoredFile:
    key = keys.media_key(asset_id, path)
    content_type = tx.media.file_type(asset_id, key) if path.isprintable() else None
    if content_type is None:
        raise _nothing(asset_id, path)
    return StoredFile(key, content_type, is_immutable=True)


def _saved_as(filename: str) -> str:
    stem, dot, _ = filename.rpartition(".")
    return f"{stem if dot else filename}.mp4"


def _content_key(tx: Transaction, asset_id: AssetId, job_id: JobId) -> ContentKey:
    job = tx.jobs.get(job_id)
    if job is None or job.asset_id != asset_id or job.content_key is None:
        raise _nothing(asset_id, encryption.key_name(job_id))
    return ContentKey(job.content_key)


def content_key(db: Database, job_id: JobId) -> bytes:
    """Read what a job's segments are encrypted with; for its own tasks.

    Raises:
        NotFound: there is no such job, or it does not encrypt.
    """
    with db.read() as tx:
        key = jobs.need(tx, job_id).content_key
    if key is None:
        raise NotFound(f"job {job_id} does not encrypt", code="media.not_found")
    return key


def _type_of(tx: Transaction, asset_id: AssetId, key: str) -> str:
    return tx.media.file_type(asset_id, key) or "application/octet-stream"


def _generated(timeline: Timeline, path: str, playable_at: datetime | None) -> GeneratedText:
    if path == "master.m3u8":
        return GeneratedText(hls.master(timeline), _HLS_TYPE, timeline.is_ended)
    if path == "manifest.mpd":
        return GeneratedText(
            dash.manifest(timeline, published_at=playable_at), _DASH_TYPE, timeline.is_ended
        )
    name = path.removesuffix(".m3u8")
    if name != path and any(rendition.name == name for rendition in timeline.renditions):
        return GeneratedText(hls.media(timeline, name), _HLS_TYPE, timeline.is_ended)
    raise _nothing(timeline.asset_id, path)


def _nothing(asset_id: AssetId, path: str) -> NotFound:
    return NotFound(f"asset {asset_id} has no {path} to play", code="media.not_found")


def timeline(db: Database, asset_id: AssetId) -> Timeline:
    """Read what can be played of an asset now.

    Raises:
        NotFound: nothing yet.
    """
    with db.read() as tx:
        asset = assets.need(tx, asset_id)
        if asset.job_id is None:
            raise _nothing(asset_id, "timeline")
        return _timeline(tx, jobs.need(tx, asset.job_id))


def job_timeline(db: Database, job_id: JobId) -> Timeline:
    """Read everything a job has published; for its own package task.

    Raises:
        NotFound: there is no such job.
    """
    with db.read() as tx:
        return _timeline(tx, jobs.need(tx, job_id))


def _timeline(tx: Transaction, job: JobRow) -> Timeline:
    if job.plan is None:
        raise _nothing(job.asset_id, "timeline")
    segments: dict[str, list[SegmentRow]] = {}
    for row in tx.media.segments(job.id):
        segments.setdefault(row.rendition, []).append(row)
    ranges = {rung.name: rung.video_range for rung in job.plan.rungs}
    is_live = any(row.start_ms is not None for rows in segments.values() for row in rows)
    return Timeline(
        opened_at=tx.sessions.opened_at(job.id) if is_live else None,
        asset_id=job.asset_id,
        job_id=job.id,
        duration_s=job.plan.duration_s,
        segment_s=job.plan.segment_s,
        is_encrypted=job.plan.is_encrypted,
        is_ended=job.state in JOB_ENDED,
        renditions=tuple(
            rendition(row, shown(_unbroken(segments.get(row.name, []))), ranges)
            for row in tx.media.renditions(job.id)
        ),
        files=job.files,
    )


def rendition(
    row: RenditionRow, segments: tuple[TimelineSegment, ...], ranges: Mapping[str, VideoRange]
) -> RenditionTimeline:
    """Show a rendition with its segments; ranges of those that are not SDR, by name."""
    return RenditionTimeline(
        name=row.name,
        medium=row.medium,
        codecs=row.codecs,
        bitrate_bps=row.bitrate_bps,
        width_px=row.width_px,
        height_px=row.height_px,
        frame_rate=row.frame_rate,
        video_range=ranges.get(row.name, VideoRange.SDR),
        channels=row.channels,
        sample_rate_hz=row.sample_rate_hz,
        language=row.language,
        title=row.title,
        is_default=row.is_default,
        dispositions=tuple(row.dispositions.split()),
        segments=segments,
    )


def _unbroken(segments: list[SegmentRow]) -> list[SegmentRow]:
    """Take the run from index 0 up to the first hole."""
    return [row for place, row in enumerate(segments) if row.index == place]


def shown(segments: Iterable[SegmentRow]) -> tuple[TimelineSegment, ...]:
    """Show segments as playlists are made of them."""
    return tuple(
        TimelineSegment(
            index=row.index,
            duration_s=row.duration_s,
            size_bytes=row.size_bytes,
            key=row.key,
            init_key=row.init_key,
            init_sha256=row.init_sha256,
            start_ms=row.start_ms,
            is_discontinuous=row.is_discontinuous,
        )
        for row in segments
    )
