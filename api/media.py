"""``/media/{asset}/…``: what players fetch. Bytes come out of storage block by block.

Segments lie under paths that carry the attempt that made them, so they may be kept for ever;
playlists keep their address while they grow, so they are asked for again. ``~{token}`` behind
the asset is a signed address: whoever has it may watch; see ``pipeline.core.links``.
"""

import hashlib
import re
from contextlib import ExitStack
from urllib.parse import quote

from flask import Blueprint, Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from api.bodies import answer
from api.caching import is_for_owners, kept
from api.identity import known
from api.texts import vary
from pipeline.bootstrap import Pipeline
from pipeline.core import links
from pipeline.core.encryption import KEY_TYPE
from pipeline.services import playback, viewing
from pipeline.services.playback import ContentKey, Found, GeneratedText, StoredFile
from pipeline.services.viewing import Viewer
from pipeline.storage.port import ObjectStore
from schemas.vocabulary import AssetId

#: What a path never changes under, browsers keep for a year. Caches that many share ask again
#: each minute whether it is still there for everybody: that costs them no bytes.
_KEEP = "public, max-age=31536000, immutable, s-maxage=60"
#: A finished playlist changes only when a new job replaces the asset's output.
_FINAL = "public, max-age=60"
#: A growing playlist: one second spares the origin when a thousand players ask, and while one of
#: them fetches it anew the others may have the last one, but none that is old.
_GROWING = "public, max-age=1, stale-while-revalidate=2"

#: One range alone; several are answered with the whole object, as RFC 9110 §14.2 allows.
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


def media_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the route over one pipeline; raises NotFound for the app's error handler."""
    blueprint = Blueprint("media", __name__, url_prefix="/media")
    key = links.key_of(pipeline.secret)

    @blueprint.get(f"/<asset_id>/{viewing.ASSET_NAME}")
    def asset(asset_id: str) -> Response:
        return _asset(pipeline, AssetId(asset_id), Viewer(key, known()))

    @blueprint.get("/<asset_id>/<path:path>")
    def file(asset_id: str, path: str) -> Response:
        token, name = links.split(path)
        viewer = Viewer(key, known(), token)
        if name == viewing.ASSET_NAME:
            return _asset(pipeline, AssetId(asset_id), viewer)
        found, admission = playback.file(pipeline.database, AssetId(asset_id), name, viewer)
        return kept(_answer(pipeline.storage, found), admission)

    blueprint.after_request(open_to_players)
    return blueprint


def _asset(pipeline: Pipeline, asset_id: AssetId, viewer: Viewer) -> Response:
    watched, admission = viewing.show(pipeline.database, asset_id, viewer)
    response = answer(watched)
    response.headers["Cache-Control"] = "private, no-store"
    return kept(vary(response), admission)


def _answer(storage: ObjectStore, found: Found) -> Response:
    if isinstance(found, GeneratedText):
        return text_answer(found)
    if isinstance(found, ContentKey):
        return _key(found)
    return _stored(storage, found)


def open_to_players(response: Response) -> Response:
    """Let players on other sites read what anybody may who has the address."""
    headers = response.headers
    if is_for_owners(response):
        headers["X-Content-Type-Options"] = "nosniff"
        return response
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Access-Control-Expose-Headers"] = "Accept-Ranges, Content-Range, Date, ETag"
    if request.method == "OPTIONS":
        headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        headers["Access-Control-Allow-Headers"] = "If-Range, If-None-Match, Range"
        headers["Access-Control-Max-Age"] = "86400"
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    headers["X-Content-Type-Options"] = "nosniff"
    if response.status_code >= 400:  # noqa: PLR2004 - every error
        # What is missing now may be published in a second.
        headers["Cache-Control"] = "no-store"
    return response


def text_answer(found: GeneratedText) -> Response:
    """Answer with a text that was made just now; nothing where who asks has it."""
    data = found.text.encode()
    headers = Headers({"Cache-Control": _FINAL if found.is_final else _GROWING})
    etag = hashlib.sha256(data).hexdigest()[:32]
    headers["ETag"] = f'"{etag}"'
    if _has_it(etag):
        return Response(status=304, headers=headers)
    return Response(data, headers=headers, content_type=found.content_type)


def _key(found: ContentKey) -> Response:
    # Whoever may ask for it, no cache on the way shall hand it on.
    headers = Headers({"Cache-Control": "private, no-store"})
    return Response(found.key, headers=headers, content_type=KEY_TYPE)


def _stored(storage: ObjectStore, found: StoredFile) -> Response:
    facts = storage.stat(found.key)
    headers = Headers({"Cache-Control": _KEEP if found.is_immutable else _FINAL})
    headers["ETag"] = f'"{facts.etag}"'
    headers["Accept-Ranges"] = "bytes"
    if found.download_name is not None:
        headers["Content-Disposition"] = _disposition(found.download_name)
    if _has_it(facts.etag):
        return Response(status=304, headers=headers)
    whole = range(facts.size_bytes)
    wanted = _wanted(whole, facts.etag)
    if wanted is not None and not wanted:
        raise RequestedRangeNotSatisfiable(facts.size_bytes, description="It has no such bytes.")
    if wanted is not None:
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{facts.size_bytes}"
    body = whole if wanted is None else wanted
    headers["Content-Length"] = str(len(body))
    headers["Content-Type"] = found.content_type
    response = Response(status=200 if wanted is None else 206, headers=headers)
    if request.method == "GET":
        _attach(response, storage, found.key, body)
    return response


def _disposition(name: str) -> str:
    """Say what a download is saved as: an ASCII stand-in for old clients, and the real name.

    Source: RFC 6266 §4.3, RFC 8187 §3.2.
    """
    plain = "".join(sign if sign.isalnum() or sign in "-_. " else "_" for sign in name)
    stand_in = plain.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{stand_in}\"; filename*=UTF-8''{quote(name, safe='')}"


def _has_it(etag: str) -> bool:
    asked = request.if_none_match
    # Weakly, because a proxy that compresses weakens the tag.
    return asked.star_tag or asked.contains_weak(etag)


def _wanted(whole: range, etag: str) -> range | None:
    """Read the range asked for: empty if there are no such bytes, None if all are wanted."""
    asked = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if request.method != "GET" or asked is None or not _is_same(etag):
        return None
    first, last = asked.groups()
    if not first:
        # The last so many bytes.
        return whole[max(0, len(whole) - int(last)) :] if last else None
    if last and int(last) < int(first):
        return None
    return whole[int(first) : int(last) + 1 if last else None]


def _is_same(etag: str) -> bool:
    """Tell whether a resumed download still gets the object it began with.

    Only the very tag will do: weak ones and dates may stand for other bytes.
    """
    return request.headers.get("If-Range", f'"{etag}"').strip() == f'"{etag}"'


def _attach(response: Response, storage: ObjectStore, key: str, wanted: range) -> None:
    """Give the response its bytes; the storage stream closes with it, also when a client leaves."""
    stack = ExitStack()
    # Opened before the head is sent, so that what is missing can still be said.
    opened = storage.open(key, start=wanted.start, length=len(wanted))
    response.response = stack.enter_context(opened)
    response.call_on_close(stack.close)
