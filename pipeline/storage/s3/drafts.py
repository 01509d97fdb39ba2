"""Unfinished uploads on S3: each a multipart upload that outlives requests and processes.

The list of its parts is in the draft, never asked of the server: S3 itself advises so. Beside
the upload lies at most one rest (``appending.py``) of a kept draft, under ``{key}~``, where
deletion by prefix finds it.
"""

import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from typing import IO

from pipeline.core.errors import NotFound, ReelmillError, StorageFull, StorageUnavailable
from pipeline.storage.intake import lost
from pipeline.storage.port import Draft, StoredObject
from pipeline.storage.retrying import hastily, patiently
from pipeline.storage.s3.appending import Appending
from pipeline.storage.s3.client import BINARY, S3Client
from pipeline.storage.s3.completion import complete, is_written
from pipeline.storage.s3.notes import Notes
from pipeline.storage.s3.reading import Reading

_BLOCK_BYTES = 2**18


def begin(key: str, length_bytes: int | None, most_bytes: int, *, epoch: int) -> Draft:
    """Note an empty draft; the server hears of it with its first part."""
    notes = Notes.begun(epoch, length_bytes, most_bytes, uuid.uuid4().hex)
    return Draft(key, 0, notes.written())


def append(
    client: S3Client, draft: Draft, blocks: Iterable[bytes], *, epoch: int, held: bool
) -> Iterator[Draft]:
    """Send blocks behind the draft's bytes; see the port."""
    yield from Appending(client, draft, epoch).run(_held_back(blocks) if held else blocks)


def _held_back(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Pass blocks on after the last has come: no zombie may have sent many parts unkept."""
    # Unbuffered: what a full disk refuses is known at once, and not asked of it again.
    with tempfile.TemporaryFile(buffering=0) as spool:
        for block in blocks:
            _spool(spool, block)
        spool.seek(0)
        while block := spool.read(_BLOCK_BYTES):
            yield block


def _spool(spool: IO[bytes], block: bytes) -> None:
    left = memoryview(block)
    try:
        while left:
            left = left[spool.write(left) :]
    except OSError as error:
        raise StorageFull("no room on this box to hold a body back") from error


def finish(client: S3Client, draft: Draft) -> StoredObject:
    """Make the draft an object; see the port."""
    notes = Notes.read(draft.state)
    try:
        (_complete if notes.parts else _put)(client, draft, notes)
    except StorageUnavailable:
        # Perhaps it was done before, or now, and only the answer was lost.
        if not is_written(client, draft.key, writer=notes.writer, size_bytes=draft.size_bytes):
            raise
    with suppress(ReelmillError):  # what stays behind goes with its prefix
        hastily()(_tidy, client, draft.key)
    return hastily()(client.head, draft.key)


def _complete(client: S3Client, draft: Draft, notes: Notes) -> None:
    if notes.rest_key:
        data = _rest(client, draft, notes)
        number = notes.taken_by(notes.epoch, draft.size_bytes).number
        sent = patiently()(client.upload_part, draft.key, notes.upload_id, number, data)
        notes = notes.with_part(sent)
    complete(
        client,
        draft.key,
        notes.upload_id,
        notes.list_of_parts(),
        writer=notes.writer,
        size_bytes=draft.size_bytes,
    )


def _put(client: S3Client, draft: Draft, notes: Notes) -> None:
    data = _rest(client, draft, notes) if notes.rest_key else b""
    patiently()(client.put, draft.key, data, BINARY, notes.writer)


def _rest(client: S3Client, draft: Draft, notes: Notes) -> bytes:
    try:
        with closing(Reading(client, notes.rest_key, 0, None)) as reading:
            return b"".join(reading.blocks())
    except NotFound as error:
        raise lost(f"{notes.rest_bytes} bytes of {draft.key}") from error


def abandon(client: S3Client, key: str) -> None:
    """Remove all there is of a draft; see the port."""
    patiently()(_tidy, client, key)


def _tidy(client: S3Client, key: str) -> None:
    """Remove rests and uploads under the key, those of zombies too."""
    for upload in client.unfinished(key):
        if upload.object_name == key and upload.upload_id:
            client.abort_upload(key, upload.upload_id)
    while page := client.page(f"{key}~", None):
        client.delete([item.key for item in page])
