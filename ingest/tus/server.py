"""The door for resumable uploads: a blueprint that the API's application carries."""

from http import HTTPStatus
from typing import cast

from flask import Blueprint, Flask, Response, request

from ingest.tus import answers
from ingest.tus.concat import shown
from ingest.tus.door import PATH, Host
from ingest.tus.opening import opened
from ingest.tus.overriding import overriding
from ingest.tus.protocol import Append, Creation, appending, creation, require_version
from ingest.tus.turns import Turn, Turns
from ingest.tus.work import Work
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import Conflict, Forbidden, ReelmillError
from pipeline.database.uploads import UploadRow
from schemas.uploads import UploadId, UploadKind, UploadState


def tus_blueprint(pipeline: Pipeline, host: Host) -> Blueprint:
    """Build the routes over one pipeline; ``Door`` holds what they do."""
    door = Door(pipeline, host)
    blueprint = Blueprint("tus", __name__, url_prefix=PATH)
    blueprint.before_request(_require_version)
    blueprint.after_app_request(_speak)
    blueprint.record_once(lambda setup: _carry(cast("Flask", setup.app), door))
    own = {"provide_automatic_options": False}

    blueprint.add_url_rule("", "options", door.options, methods=["OPTIONS"], **own)
    blueprint.add_url_rule("", "create", door.create, methods=["POST"], **own)
    one = "/<id:upload_id>"
    blueprint.add_url_rule(one, "options_of", door.options, methods=["OPTIONS"], **own)
    blueprint.add_url_rule(one, "offset", door.offset, methods=["HEAD"], **own)
    blueprint.add_url_rule(one, "append", door.append, methods=["PATCH"], **own)
    blueprint.add_url_rule(one, "terminate", door.terminate, methods=["DELETE"], **own)
    return blueprint


def _require_version() -> None:
    if request.method != "OPTIONS":
        require_version(request.headers)


def _speak(response: Response) -> Response:
    if request.path.startswith(PATH):
        response.headers.update(answers.ALWAYS)
        if response.status_code == HTTPStatus.PRECONDITION_FAILED:
            response.headers.update(answers.VERSIONS)
    return response


def _carry(app: Flask, door: "Door") -> None:
    app.wsgi_app = overriding(app.wsgi_app)  # type: ignore[assignment, method-assign]
    close_sockets = app.extensions["reelmill.close_sockets"]

    def close() -> None:
        door.close()
        close_sockets()

    app.extensions["reelmill.close_sockets"] = close


class Door:
    """What each verb does."""

    def __init__(self, pipeline: Pipeline, host: Host) -> None:
        self._pipeline = pipeline
        self._host = host
        self._turns = Turns(pipeline.database, pipeline.bus)
        self._work = Work(pipeline, host)
        self._max_bytes = pipeline.settings.upload_limit_bytes

    def close(self) -> None:
        """Let every request end with what it has."""
        self._turns.close()

    def options(self, upload_id: UploadId | None = None) -> Response:  # noqa: ARG002 - the route's
        """Say what the server can."""
        return Response(status=204, headers=answers.options(max_bytes=self._max_bytes))

    def create(self) -> Response:
        """Open an upload, take its first bytes if they come along, put a final one together."""
        asked = creation(request.headers, path=PATH, max_bytes=self._max_bytes)
        row = opened(self._pipeline, self._host, asked)
        with self._turns.turn(row.id, owner=None, is_polite=False) as turn:
            try:
                self._begin(turn, asked)
            except ReelmillError:
                # Nobody will ever learn its address: it would only keep others from its room.
                self._work.drop(turn)
                raise
        said = answers.moved(turn.row.offset_bytes) if asked.has_bytes else {}
        headers = {"Location": f"{PATH}/{row.id}", **said, **_expiry(turn.row)}
        return Response(status=201, headers=headers)

    def _begin(self, turn: Turn, asked: Creation) -> None:
        if asked.concat.kind is UploadKind.FINAL:
            self._work.put_together(turn)
        elif asked.has_bytes or turn.row.length_bytes == 0:
            first = Append(offset_bytes=0, length_bytes=None, checksum=asked.checksum)
            self._work.take(turn, first, request.environ)

    def offset(self, upload_id: UploadId) -> Response:
        """Say how an upload stands; whoever still writes to it has gone, or goes now."""
        owner = self._host.owner()
        # Even where nobody writes: who was there just before may be about to.
        with self._turns.turn(upload_id, owner=owner, is_polite=False) as turn:
            self._work.complete(turn)
        return Response(status=200, headers=answers.head(_standing(turn.row)))

    def append(self, upload_id: UploadId) -> Response:
        """Take more bytes; the last ones make it an asset with a job."""
        wanted = appending(request.headers, max_bytes=self._max_bytes)
        owner = self._host.owner()
        with self._turns.turn(upload_id, owner=owner, is_polite=True) as turn:
            _require_offset(turn.row, wanted.offset_bytes)
            if turn.row.state is UploadState.OPEN:
                self._work.take(turn, wanted, request.environ)
        headers = answers.moved(turn.row.offset_bytes) | _expiry(turn.row)
        return Response(status=204, headers=headers)

    def terminate(self, upload_id: UploadId) -> Response:
        """Drop an upload with its bytes; an asset it has become stays."""
        owner = self._host.owner()
        with self._turns.turn(upload_id, owner=owner, is_polite=False) as turn:
            self._work.terminate(turn)
        return Response(status=204)


def _require_offset(row: UploadRow, offset_bytes: int) -> None:
    if row.kind is UploadKind.FINAL:
        raise Forbidden("a final upload takes no bytes", code="upload.final")
    if row.offset_bytes != offset_bytes:
        detail = f"the upload has {row.offset_bytes} bytes, not {offset_bytes}"
        raise Conflict(detail, code="upload.offset")


def _expiry(row: UploadRow) -> dict[str, str]:
    return answers.expires(row.expires_at) if row.state is UploadState.OPEN else {}


def _standing(row: UploadRow) -> answers.Standing:
    is_open = row.state is UploadState.OPEN
    is_apart = is_open and row.kind is UploadKind.FINAL
    return answers.Standing(
        offset_bytes=None if is_apart else row.offset_bytes,
        length_bytes=row.length_bytes,
        raw_metadata=row.raw_metadata,
        concat=shown(row.kind, row.parts, path=PATH),
        expires_at=row.expires_at if is_open else None,
    )
