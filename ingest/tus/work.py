"""What is done in a turn: bytes taken in, whole uploads completed."""

from typing import Any

import structlog

from ingest.tus.door import Host
from ingest.tus.opening import terms_of
from ingest.tus.protocol import Append
from ingest.tus.receiving import Receiver
from ingest.tus.turns import Turn
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import LeaseLost, ReelmillError, TooLarge
from pipeline.core.upload_errors import Locked
from pipeline.database.uploads import UploadRow
from pipeline.services.uploads import completing, ending, writing
from pipeline.services.uploads.opening import require_late_length
from schemas.uploads import UploadMoved, UploadState

log = structlog.get_logger(__name__)


class Work:
    """Works on the upload whose turn it is; ``turn.row`` tells afterwards how it stands."""

    def __init__(self, pipeline: Pipeline, host: Host) -> None:
        settings = pipeline.settings
        self._database = pipeline.database
        self._storage = pipeline.storage
        self._bus = pipeline.bus
        self._host = host
        self._receiver = Receiver(pipeline)
        self._terms = terms_of(settings)
        self._quotas = settings.quotas
        self._patience = completing.Patience(settings.max_attempts, settings.max_lost)

    def take(self, turn: Turn, wanted: Append, environ: dict[str, Any]) -> None:
        """Take the bytes of a request in; the last ones complete the upload."""
        if wanted.length_bytes is not None:
            self._declare(turn, wanted.length_bytes)
        arriving = self._host.arriving(environ)
        _require_fit(turn.row, arriving.announced_bytes)
        sha256 = self._receiver.receive(turn, arriving, wanted.checksum)
        self.complete(turn, sha256=sha256)

    def _declare(self, turn: Turn, length_bytes: int) -> None:
        require_late_length(self._database, turn.row, length_bytes, self._quotas)
        try:
            turn.row = writing.declare_length(
                self._database, self._storage, turn.row, length_bytes, self._terms
            )
        except LeaseLost as error:
            raise _taken_over() from error

    def complete(self, turn: Turn, *, sha256: str = "") -> None:
        """Complete an upload that has all its bytes, and pass over one that has not.

        Raises:
            Locked: a newer request completes it.
        """
        if not completing.is_due(turn.row):
            return
        try:
            completing.complete(
                self._database, self._storage, turn.row, sha256=sha256, patience=self._patience
            )
        except LeaseLost as error:
            self._look_again(turn)
            if turn.row.state is not UploadState.COMPLETED:
                raise _taken_over() from error
        else:
            self._look_again(turn)

    def put_together(self, turn: Turn) -> None:
        """Make one asset of the parts of a final upload."""
        completing.put_together(self._database, self._storage, turn.row, patience=self._patience)
        self._look_again(turn)

    def _look_again(self, turn: Turn) -> None:
        turn.row = writing.look(self._database, turn.row.id, owner=None)
        self._bus.publish(UploadMoved(upload_id=turn.row.id))

    def terminate(self, turn: Turn) -> None:
        """Drop an upload.

        Raises:
            Locked: a newer request has it.
        """
        try:
            ending.terminate(self._database, turn.row)
        except LeaseLost as error:
            raise _taken_over() from error
        self._bus.publish(UploadMoved(upload_id=turn.row.id))

    def drop(self, turn: Turn) -> None:
        """Drop an upload nobody knows of; what cannot be dropped now expires."""
        if turn.row.state is UploadState.OPEN:
            try:
                ending.terminate(self._database, turn.row)
            except ReelmillError as error:
                log.warning("upload.not_dropped", code=error.instance_code)


def _taken_over() -> Locked:
    return Locked("a newer request has this upload", code="upload.taken_over")


def _require_fit(row: UploadRow, announced_bytes: int | None) -> None:
    if row.length_bytes is None or announced_bytes is None:
        return
    left_bytes = row.length_bytes - row.offset_bytes
    if announced_bytes > left_bytes:
        raise TooLarge(f"{announced_bytes} bytes announced, {left_bytes} are left of the upload.")
