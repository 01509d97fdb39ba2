"""Several objects into one: copied by the server, or passed through here where it refuses."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import pairwise

from minio.datatypes import Part

from pipeline.core.errors import ReelmillError
from pipeline.storage.port import StoredObject
from pipeline.storage.retrying import patiently
from pipeline.storage.s3 import drafts
from pipeline.storage.s3.client import BINARY, S3Client
from pipeline.storage.s3.completion import complete
from pipeline.storage.s3.notes import LEAST_BYTES, MAX_NUMBER, MIB
from pipeline.storage.s3.reading import Reading

#: One request's work: its answer must come before we stop waiting.
_SPAN_BYTES = 64 * MIB


def concatenate(client: S3Client, sources: Sequence[StoredObject], key: str) -> Iterator[int]:
    """Make one object of the sources; see the port."""
    filled = [source for source in sources if source.size_bytes]
    spans = list(_spans(filled))
    is_copied = 1 < len(spans) <= MAX_NUMBER and all(
        source.size_bytes >= LEAST_BYTES for source in filled[:-1]
    )
    return _copied(client, spans, key) if is_copied else _passed(client, filled, key)


def _spans(sources: Sequence[StoredObject]) -> Iterator[tuple[StoredObject, range]]:
    """Cut each source into stretches that are alike, so that none is too short."""
    for source in sources:
        n_spans = -(-source.size_bytes // _SPAN_BYTES)
        borders = [source.size_bytes * n // n_spans for n in range(n_spans + 1)]
        yield from ((source, range(*border)) for border in pairwise(borders))


def _copied(
    client: S3Client, spans: Sequence[tuple[StoredObject, range]], key: str
) -> Iterator[int]:
    writer = uuid.uuid4().hex
    upload_id = patiently()(client.begin_upload, key, writer, BINARY)
    parts: list[Part] = []
    size_bytes = 0
    with _clearing_up(client, key):
        for number, (source, span) in enumerate(spans, start=1):
            parts.append(patiently()(client.copy_part, key, upload_id, number, source, span))
            size_bytes += len(span)
            yield size_bytes
        complete(client, key, upload_id, parts, writer=writer, size_bytes=size_bytes)


def _passed(client: S3Client, sources: Sequence[StoredObject], key: str) -> Iterator[int]:
    length_bytes = sum(source.size_bytes for source in sources)
    draft = drafts.begin(key, length_bytes, length_bytes, epoch=0)
    blocks = _blocks(client, sources)
    with _clearing_up(client, key):
        for appended in drafts.append(client, draft, blocks, epoch=0, held=False):
            draft = appended
            yield draft.size_bytes
        drafts.finish(client, draft)


@contextmanager
def _clearing_up(client: S3Client, key: str) -> Iterator[None]:
    is_done = False
    try:
        yield
        is_done = True
    finally:
        if not is_done:
            with suppress(ReelmillError):  # what stays behind goes with its prefix
                drafts.abandon(client, key)


def _blocks(client: S3Client, sources: Sequence[StoredObject]) -> Iterator[bytes]:
    for source in sources:
        with closing(Reading(client, source.key, 0, source.size_bytes)) as reading:
            yield from reading.blocks()
