"""The bytes of one request, on their way into the store."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain
from threading import Lock
from typing import cast

from ingest.tus.abreast import Abreast
from ingest.tus.checksum import Checksum, Digest
from ingest.tus.door import Arriving
from ingest.tus.opening import terms_of
from ingest.tus.turns import Turn
from pipeline.bootstrap import Pipeline
from pipeline.core import keys
from pipeline.core.errors import InvalidRequest, LeaseLost, TooLarge
from pipeline.core.sniff import HEAD_BYTES, sniff
from pipeline.core.upload_errors import ChecksumMismatch, Locked
from pipeline.database.uploads import UploadRow
from pipeline.services.uploads import writing
from pipeline.services.uploads.opening import left_bytes
from pipeline.storage.port import Draft
from schemas.uploads import UploadId, UploadKind, UploadMoved

#: Digests of so many unfinished uploads are kept going.
_MAX_DIGESTS = 1000
#: Watchers are told no more often.
_TELL_S = 0.5
#: How much the newest measurement counts.
_FRESHNESS = 0.5


class Digests:
    """Running SHA-256 of uploads this process has seen from their first byte on."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UploadId, tuple[int, Digest]] = OrderedDict()
        self._lock = Lock()

    def pop(self, upload_id: UploadId, offset_bytes: int) -> Digest | None:
        """Take the digest of all bytes before an offset; None where nobody counted along."""
        with self._lock:
            at_bytes, digest = self._kept.pop(upload_id, (-1, None))
        if offset_bytes == 0:
            return hashlib.sha256()
        return digest if at_bytes == offset_bytes else None

    def keep(self, upload_id: UploadId, offset_bytes: int, digest: Digest) -> None:
        """Keep one for the next request."""
        with self._lock:
            self._kept[upload_id] = (offset_bytes, digest)
            while len(self._kept) > _MAX_DIGESTS:
                self._kept.popitem(last=False)


class Receiver:
    """Writes what arrives behind what is there, noting what is safe as it goes."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._digests = Digests()

    def receive(self, turn: Turn, arriving: Arriving, checksum: Checksum | None) -> str:
        """Take a body in; ``turn.row`` tells afterwards how the upload stands.

        Returns the SHA-256 of the whole upload as far as it is there, empty if nobody knows.

        Raises:
            InvalidRequest: the body broke off or stalled; what came is kept.
            ChecksumMismatch: it is not what was meant; nothing of it is kept.
            TooLarge: it is longer than the upload, or than there is room for.
        QuotaExceeded: its length is not known, and the account has had its share.
            Locked: a newer request has the turn now.
            NotMedia: its first bytes are those of something that is no media.
            StorageUnavailable, StorageFull, DatabaseUnavailable: what was noted is kept.
        """
        turn.reads(arriving)
        intake = _Intake(turn.row, arriving, self._room(turn.row), checksum)
        intake.whole = self._digests.pop(turn.row.id, turn.row.offset_bytes)
        try:
            self._write(turn, intake)
        except LeaseLost as error:
            raise Locked(
                "a newer request writes to this upload", code="upload.taken_over"
            ) from error
        sha256 = self._keep(turn.row, intake)
        intake.require_whole()
        return sha256

    def _room(self, row: UploadRow) -> int:
        if row.length_bytes is not None:
            return row.length_bytes - row.offset_bytes
        settings = self._pipeline.settings
        return left_bytes(
            self._pipeline.database,
            self._pipeline.storage,
            row,
            terms=terms_of(settings),
            quotas=settings.quotas,
        )

    def _write(self, turn: Turn, intake: "_Intake") -> None:
        row, store = turn.row, self._pipeline.storage
        draft = writing.draft_of(store, row, keys.source_key(row.asset_id))
        is_held = intake.checksum is not None
        pace = _Pace(row)
        drafts = store.append(draft, intake, epoch=row.epoch, held=is_held)
        with closing(cast("Generator[Draft]", drafts)):
            for safe in drafts:
                if is_held and not intake.is_right():
                    break
                turn.row = self._note(turn.row, safe, pace)

    def _note(self, row: UploadRow, safe: Draft, pace: "_Pace") -> UploadRow:
        speed_bytes_s = pace.at(safe.size_bytes)
        noted = writing.advance(
            self._pipeline.database,
            row,
            safe,
            speed_bytes_s=speed_bytes_s,
            life_s=self._pipeline.settings.upload_expiry_s,
        )
        if pace.is_telling():
            self._pipeline.bus.publish(UploadMoved(upload_id=row.id))
        return noted

    def _keep(self, row: UploadRow, intake: "_Intake") -> str:
        if intake.whole is None or row.offset_bytes != intake.offset_bytes:
            return ""
        if row.length_bytes == row.offset_bytes:
            return intake.whole.digest().hex()
        self._digests.keep(row.id, row.offset_bytes, intake.whole)
        return ""


class _Intake:
    """Blocks that pass by: limited, looked at, digested."""

    def __init__(
        self, row: UploadRow, arriving: Arriving, room_bytes: int, checksum: Checksum | None
    ) -> None:
        self._row = row
        self._arriving = arriving
        self._room_bytes = room_bytes
        self.checksum = checksum
        self._of_body = None if checksum is None else checksum.begin()
        self.whole: Digest | None = None
        #: Up to where bytes have passed.
        self.offset_bytes = row.offset_bytes

    def __iter__(self) -> Iterator[bytes]:
        """Pass on what arrives, however it ends; raises before the first byte too many."""
        blocks = iter(self._arriving)
        if self._is_beginning():
            head = _head(blocks)
            self._require_media(head)
            blocks = chain([head] if head else [], blocks)
        abreast = Abreast([digest for digest in (self._of_body, self.whole) if digest is not None])
        with abreast.ended():
            for block in blocks:
                self._require_room()
                self.offset_bytes += len(block)
                abreast.update(block)
                yield block

    def _is_beginning(self) -> bool:
        return self._row.offset_bytes == 0 and self._row.kind is UploadKind.WHOLE

    def _require_media(self, head: bytes) -> None:
        if len(head) >= min(HEAD_BYTES, self._row.length_bytes or HEAD_BYTES) > 0:
            sniff(head[:HEAD_BYTES])

    def _require_room(self) -> None:
        if self._arriving.n_bytes > self._room_bytes:
            raise TooLarge(f"there is room for {self._room_bytes} bytes more in this upload")

    def is_right(self) -> bool:
        """Tell whether the body came whole and is what its sender meant."""
        if self.checksum is None or self._of_body is None:
            return True
        return self._arriving.end == "whole" and self.checksum.matches(self._of_body)

    def require_whole(self) -> None:
        """Complain about a body that broke off, stalled, was ended, or is another one.

        Raises:
            InvalidRequest, ChecksumMismatch, Locked: it is so.
        """
        end, n_bytes = self._arriving.end, self._arriving.n_bytes
        if end == "stopped":
            raise Locked("a newer request asked for this upload", code="upload.taken_over")
        if end != "whole":
            raise InvalidRequest(
                f"{n_bytes} of {self._arriving.announced_bytes} announced bytes came.",
                code="upload.cut",
                remedy="What came is kept: ask for the offset (HEAD) and go on from there.",
            )
        if not self.is_right():
            raise ChecksumMismatch("the bytes that came do not match Upload-Checksum")


def _head(blocks: Iterator[bytes]) -> bytes:
    """Gather as many bytes as it takes to tell media from other things, or all there are."""
    head = b""
    while len(head) < HEAD_BYTES and (block := next(blocks, b"")):
        head += block
    return head


class _Pace:
    """How fast an upload comes in, and whether it is time to tell."""

    def __init__(self, row: UploadRow) -> None:
        self._n_bytes = row.offset_bytes
        self._speed_bytes_s = row.speed_bytes_s
        self._at_s = time.monotonic()
        self._told_s = 0.0

    def at(self, n_bytes: int) -> float:
        """Take in that so much is there, and tell bytes a second."""
        now_s = time.monotonic()
        newest = (n_bytes - self._n_bytes) / max(now_s - self._at_s, 1e-3)
        before = self._speed_bytes_s or newest
        self._speed_bytes_s = _FRESHNESS * newest + (1 - _FRESHNESS) * before
        self._n_bytes, self._at_s = n_bytes, now_s
        return self._speed_bytes_s

    def is_telling(self) -> bool:
        """Tell whether watchers may be told again."""
        now_s = time.monotonic()
        is_due = now_s - self._told_s >= _TELL_S
        self._told_s = now_s if is_due else self._told_s
        return is_due
