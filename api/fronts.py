"""``/hooks/rtmp``: servers that stand in front of the RTMP door ask whether a key may publish.

What they let in they push on to the door under the same key, so nothing is opened here. They
show a secret: in ``Authorization`` where they can (Bearer, or Basic as its password), else as
the last part of the path behind a tilde, which is kept out of our logs like a signed address.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound as UnknownAddress

from api.rates import Rates
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated
from pipeline.credentials import opaque
from pipeline.services import sessions

#: More than any of them says.
_BODY_BYTES = 64 * 1024


@dataclass(frozen=True)
class Asked:
    """What a server in front asks about."""

    key: str
    #: Of whoever publishes or watches, as the server says.
    address: str
    #: Empty for what needs no answer of ours.
    action: str


def fronts_blueprint(pipeline: Pipeline, rates: Rates) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("fronts", __name__, url_prefix="/hooks/rtmp")

    @blueprint.post("/<id:server>")
    def shown(server: str) -> Response:
        return _answered(pipeline, rates, server, _shown_secret())

    @blueprint.post("/<id:server>/~<secret>")
    def linked(server: str, secret: str) -> Response:
        return _answered(pipeline, rates, server, secret)

    return blueprint


def _answered(pipeline: Pipeline, rates: Rates, server: str, secret: str) -> Response:
    if server not in _READERS:
        raise UnknownAddress
    _require(secret, pipeline.settings.rtmp_hook_secret.get_secret_value(), rates)
    request.max_content_length = _BODY_BYTES
    asked = _READERS[server]()
    try:
        _judge(pipeline, asked)
    except Unauthenticated:
        # Whoever tries keys is counted, not the server that asks for them.
        rates.count_stranger(asked.address)
        raise
    # SRS reads the number, the others the status.
    return Response('{"code": 0}', content_type="application/json")


def _require(shown: str, wanted: str, rates: Rates) -> None:
    if not wanted:
        raise NotFound("servers in front are not answered here", code="front.off")
    if not opaque.is_same(shown, wanted):
        rates.count_stranger(request.remote_addr or "")
        raise Forbidden("that is not the secret of servers in front", code="front.secret")


def _judge(pipeline: Pipeline, asked: Asked) -> None:
    """Go on if it may be; raises as the door would refuse."""
    database = pipeline.database
    if asked.action in {"publish", "read"}:
        sessions.check_key(database, asked.key, is_publishing=asked.action == "publish")
    elif asked.action == "unpublish" and pipeline.settings.rtmp_hook_ends:
        sessions.end_by_key(database, asked.key)


def _shown_secret() -> str:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return text.strip()
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _of_nginx() -> Asked:
    """Read what ``on_publish`` and ``on_publish_done`` of nginx-rtmp post."""
    called = {"publish": "publish", "publish_done": "unpublish", "play": "read"}
    form = request.form
    action = called.get(form.get("call", ""), "")
    return Asked(form.get("name", ""), form.get("addr", ""), action)


def _of_srs() -> Asked:
    """Read what ``http_hooks`` of SRS post."""
    said = _json()
    called = {"on_publish": "publish", "on_unpublish": "unpublish", "on_play": "read"}
    action = called.get(_text(said, "action"), "")
    return Asked(_text(said, "stream"), _text(said, "ip"), action)


def _of_mediamtx() -> Asked:
    """Read what ``authHTTPAddress`` of MediaMTX posts; its paths are application and key.

    What is neither published nor read (its own API, metrics) is not ours to allow.
    """
    said = _json()
    action = {"publish": "publish", "read": "read"}.get(_text(said, "action"))
    if action is None:
        raise Forbidden("only publishing and reading are asked here", code="front.action")
    return Asked(_text(said, "path").rpartition("/")[2], _text(said, "ip"), action)


_READERS: Mapping[str, Callable[[], Asked]] = {
    "nginx": _of_nginx,
    "srs": _of_srs,
    "mediamtx": _of_mediamtx,
}


def _json() -> Mapping[str, Any]:
    try:
        said = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise InvalidRequest("Send a JSON object.", code="request.malformed")
    return said


def _text(said: Mapping[str, Any], name: str) -> str:
    found = said.get(name)
    return found if isinstance(found, str) else ""
