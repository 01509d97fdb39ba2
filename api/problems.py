"""Errors → problem+json (RFC 9457), by one table. No stack trace and no vendor text leaves.

The handler for everything else is one of the four places that may catch ``Exception``.
"""

import math
import re
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import WebsocketMismatch

from api.texts import language, vary
from api.wording import error_in
from pipeline.core import certificate_errors, errors, live_errors, restream_errors, upload_errors
from pipeline.core.errors import ReelmillError
from pipeline.core.flv.errors import ProtocolError
from pipeline.core.links import unsigned
from schemas.http import ErrorView, Problem

log = structlog.get_logger(__name__)

#: Every class of the error tree → HTTP status; a subclass not named inherits (never silently:
#: a test compares this table with the tree).
STATUS: Mapping[type[ReelmillError], int] = {
    errors.ReelmillError: 500,
    errors.NotFound: 404,
    live_errors.Offline: 404,
    upload_errors.Gone: 410,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.Conflict: 409,
    restream_errors.KeyLost: 409,
    upload_errors.Locked: 423,
    errors.Outdated: 412,
    errors.InvalidRequest: 400,
    ProtocolError: 400,
    errors.TooLarge: 413,
    errors.UrlRefused: 422,
    errors.KeyReused: 422,
    upload_errors.VersionRefused: 412,
    upload_errors.MediaTypeRefused: 415,
    upload_errors.ChecksumMismatch: 460,
    errors.Refused: 503,
    errors.RateLimited: 429,
    errors.TooManyTries: 429,
    upload_errors.QuotaExceeded: 429,
    errors.MediaError: 422,
    live_errors.NothingUsable: 422,
    errors.NotMedia: 422,
    errors.MediaDamaged: 422,
    errors.MediaUnsupported: 422,
    errors.WorkFailed: 500,
    live_errors.DoorAway: 502,
    errors.WorkStalled: 500,
    restream_errors.TargetUnreachable: 500,
    restream_errors.TargetRefused: 500,
    errors.OutputInvalid: 500,
    errors.ScratchFull: 507,
    errors.EncoderUnavailable: 503,
    errors.UrlUnreachable: 502,
    errors.UrlFailed: 502,
    certificate_errors.CertificateFailed: 500,
    certificate_errors.CertificateUnproven: 500,
    errors.Unavailable: 503,
    errors.DatabaseUnavailable: 503,
    errors.BrokerUnavailable: 503,
    errors.StorageUnavailable: 503,
    live_errors.SpoolUnavailable: 503,
    errors.UpstreamKeysUnavailable: 503,
    errors.StorageFull: 507,
    errors.LeaseLost: 409,
    errors.Stopped: 503,
}

#: What to say where werkzeug speaks to people in front of browsers: detail and remedy.
_PLAIN: Mapping[int, tuple[str, str]] = {
    404: ("There is nothing at this address.", "`/api/docs` lists what the API answers."),
    405: ("This address does not take this method.", "The Allow header names those it takes."),
    413: ("The body is larger than this address takes.", errors.TooLarge.default_remedy),
}

#: Seconds until it is worth asking again.
_RETRY_AFTER_S: Mapping[int, int] = {503: 2, 423: 1}
#: After which somebody may be on air.
_OFFLINE_S = 5
#: Statuses that HTTP itself does not know.
_OTHERS: Mapping[int, str] = {460: "Checksum Mismatch"}
#: What is 401 without a token having been shown.
_NO_TOKEN = frozenset({"auth.required", "auth.wrong_password", "auth.ticket_invalid"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class FieldsInvalid(errors.InvalidRequest):
    """Some fields of a body or query are wrong; ``fields`` names each."""

    def __init__(self, fields: tuple[dict[str, Any], ...]) -> None:
        named = ", ".join(str(field["field"]) for field in fields[:5]) or "the body"
        super().__init__(f"Not acceptable: {named}.")
        self.fields = fields


def register(app: Flask) -> None:
    """Give requests an id and turn every failure into a problem document."""
    app.before_request(_bind_request_id)
    app.teardown_request(_unbind_request_id)
    app.register_error_handler(ReelmillError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _anything)


def _bind_request_id() -> None:
    offered = request.headers.get("X-Request-Id", "")
    g.request_id = offered if _REQUEST_ID.fullmatch(offered) else uuid.uuid4().hex
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _unbind_request_id(_error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars("request_id")


def _ours(error: ReelmillError) -> Response:
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("http.refused", code=error.instance_code, detail=error.detail, status=status)
    fields = error.fields if isinstance(error, FieldsInvalid) else ()
    answer = _answer(
        status,
        code=error.instance_code,
        detail=public_detail(error),
        remedy=error.remedy,
        fields=fields,
    )
    if isinstance(error, live_errors.Offline):
        answer.headers["Retry-After"] = str(_OFFLINE_S)
    if isinstance(error, errors.TooManyTries):
        answer.headers["Retry-After"] = str(math.ceil(error.wait_s))
    return answer


def public_detail(error: ReelmillError) -> str:
    """Say what is wrong without what only the log may know: a vendor's words, our addresses."""
    if isinstance(error, errors.Unavailable):
        return (type(error).__doc__ or "").strip()
    return error.detail


def phrase_of(status: int) -> str:
    """Say a status in the words of its standard."""
    return _OTHERS.get(status) or HTTPStatus(status).phrase


def status_of(error: ReelmillError) -> int:
    """Look the nearest class of an error up in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def _http(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    code = "request.too_large" if isinstance(error, RequestEntityTooLarge) else f"http.{status}"
    detail, remedy = _said(error, status)
    answer = _answer(status, code=code, detail=detail, remedy=remedy)
    for name, value in error.get_headers():
        if name in {"Allow", "Location", "Retry-After", "WWW-Authenticate", "Content-Range"}:
            answer.headers[name] = value
    return answer


def _said(error: HTTPException, status: int) -> tuple[str, str]:
    if isinstance(error, WebsocketMismatch):
        return "This address speaks websocket, and nothing else does.", ""
    if error.description != type(error).description:
        return error.description or HTTPStatus(status).phrase, ""
    return _PLAIN.get(status, (error.description or HTTPStatus(status).phrase, ""))


def _anything(error: Exception) -> Response:
    log.error("http.failed", path=unsigned(request.path), exc_info=error)
    return _answer(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        code="internal",
        detail="Something went wrong on our side.",
        remedy="Report it with the request id; the log of the API holds the cause.",
    )


def _answer(
    status: int,
    *,
    code: str,
    detail: str,
    remedy: str = "",
    fields: tuple[dict[str, Any], ...] = (),
) -> Response:
    problem = document_of(
        status,
        code=code,
        detail=detail,
        language=language(),
        remedy=remedy,
        fields=fields,
        instance=f"urn:reelmill:request:{g.request_id}" if "request_id" in g else None,
    )
    answer = Response(problem.model_dump_json(), status, content_type="application/problem+json")
    vary(answer)
    if status == HTTPStatus.UNAUTHORIZED:
        # RFC 6750: who showed no token is told no error of it.
        shown = "" if code in _NO_TOKEN else ', error="invalid_token"'
        answer.headers["WWW-Authenticate"] = f'Bearer realm="reelmill"{shown}'
    if status in _RETRY_AFTER_S or code == "idempotency.in_flight":
        answer.headers["Retry-After"] = str(_RETRY_AFTER_S.get(status, 2))
    return answer


def document_of(
    status: int,
    *,
    code: str,
    detail: str,
    language: str,
    remedy: str = "",
    fields: tuple[dict[str, Any], ...] = (),
    instance: str | None = None,
) -> Problem:
    """Make the document; ``type`` is the code's place on our page of documentation."""
    said = error_in(ErrorView(code=code, detail=detail, remedy=remedy), language)
    return Problem(
        type=f"/api/docs#code-{code}",
        title=said.title or phrase_of(status),
        status=status,
        detail=detail,
        code=code,
        cause=said.cause,
        remedy=said.remedy,
        instance=instance,
        errors=fields,
    )
