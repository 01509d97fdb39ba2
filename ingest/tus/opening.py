"""Uploads, opened for whoever asks, on the terms of the settings."""

from ingest.tus.door import Host
from ingest.tus.protocol import Creation
from pipeline.bootstrap import Pipeline
from pipeline.core.handing_in import wish_of
from pipeline.database.uploads import UploadRow, UploadWish
from pipeline.services.uploads.opening import Opening, Terms, open_upload
from pipeline.settings import Settings


def terms_of(settings: Settings) -> Terms:
    """Read the terms on which uploads are taken."""
    return Terms(
        life_s=settings.upload_expiry_s,
        floor_bytes=settings.storage_floor_bytes,
        limit_bytes=settings.upload_limit_bytes,
    )


def opened(pipeline: Pipeline, host: Host, asked: Creation) -> UploadRow:
    """Open an upload; see ``open_upload`` for what it may be refused with.

    Raises:
        InvalidRequest: ``upload.metadata``, ``profile.unknown``.
    """
    said = wish_of(asked.metadata)
    profile = pipeline.profiles.get(said.profile)
    trimmed = {} if said.trim is None else {"trim": said.trim}
    wish = UploadWish(
        filename=said.filename,
        profile=profile.model_copy(update=trimmed),
        priority=said.priority,
        playback=said.playback,
        metadata=said.metadata,
    )
    return open_upload(
        pipeline.database,
        pipeline.storage,
        Opening(
            account=host.caller().account,
            kind=asked.concat.kind,
            length_bytes=asked.length_bytes,
            wish=wish,
            raw_metadata=asked.raw_metadata,
            parts=asked.concat.parts,
        ),
        terms=terms_of(pipeline.settings),
        quotas=pipeline.settings.quotas,
        owner=host.owner(),
    )
