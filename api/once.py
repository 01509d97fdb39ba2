"""``Idempotency-Key``: the same POST again gets the answer of the first.

Source: draft-ietf-httpapi-idempotency-key-header-07. The key covers account, method, path,
query and body; of a streamed body its announced length instead, for the bytes are not there
before they are taken. It may be written as the draft has it (a quoted string) or bare.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator

import structlog
from flask import Flask, Response, g, request

from api.bodies import BODY_LIMIT_BYTES
from api.identity import known
from pipeline.core.errors import InvalidRequest, ReelmillError
from pipeline.database.port import Database
from pipeline.services import once
from pipeline.services.once import Claim, Kept

log = structlog.get_logger(__name__)

HEADER = "Idempotency-Key"
#: Marks an answer that was given before.
REPLAYED = "Idempotent-Replayed"

_SIGN = r"[\x21\x23-\x5b\x5d-\x7e]"
_KEY = re.compile(rf'(?:"({_SIGN}{{1,255}})"|({_SIGN}{{1,255}}))')
_KEPT_HEADERS = ("Content-Type", "Content-Language", "Location", "Retry-After", "ETag")
_RENEW_S = 3.0


def register_once(app: Flask, database: Database, streamed: frozenset[str]) -> None:
    """Carry out POSTs with a key once; ``streamed`` are endpoints whose bodies are not read here.

    Comes after whoever asks is known and let through.
    """
    app.before_request(_beginning(database, streamed))
    app.after_request(_ending(database))


def claim() -> Claim | None:
    """Hand to a service the right to make what is asked for; None: it came without a key."""
    found: Claim | None = g.get("claim")
    return found


def kept_alive(database: Database, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Pass a streamed body on; while it comes, its request counts as being worked on."""
    ours, told_at = claim(), time.monotonic()
    for block in blocks:
        yield block
        if ours is not None and time.monotonic() - told_at > _RENEW_S:
            once.keep(database, ours)
            told_at = time.monotonic()


def _beginning(database: Database, streamed: frozenset[str]) -> Callable[[], Response | None]:
    def begin() -> Response | None:
        who = known()
        if request.method != "POST" or HEADER not in request.headers or not request.endpoint:
            return None
        if who is None or not request.path.startswith("/api/"):
            return None
        key = _key(request.headers[HEADER])
        found = once.claim(
            database,
            account=who.account,
            key=key,
            fingerprint=_fingerprint(key, is_streamed=request.endpoint in streamed),
        )
        if isinstance(found, Kept):
            return _replayed(found)
        g.claim = found
        return None

    return begin


def _key(text: str) -> str:
    written = _KEY.fullmatch(text.strip())
    if written is None:
        raise InvalidRequest(
            "an Idempotency-Key is 1 to 255 visible ASCII signs, in quotes or without",
            code="idempotency.malformed",
            remedy="Send a new random UUID with each new request, and the same one with a repeat.",
        )
    return written[1] or written[2]


def _fingerprint(key: str, *, is_streamed: bool) -> str:
    if is_streamed:
        rest = f"{request.content_length}".encode()
    else:
        request.max_content_length = BODY_LIMIT_BYTES
        rest = request.get_data(cache=True)
    # With the key, which is stored nowhere: a body may hold a password, to be guessed from this.
    asked = f"{key}\n{request.method} {request.full_path} {request.mimetype}\n"
    return hashlib.sha256(asked.encode("utf-8", "surrogateescape") + rest).hexdigest()


def _replayed(kept: Kept) -> Response:
    answer = Response(kept.body, kept.status, headers=kept.headers)
    answer.headers[REPLAYED] = "true"
    return answer


def _ending(database: Database) -> Callable[[Response], Response]:
    def end(response: Response) -> Response:
        ours: Claim | None = g.pop("claim", None)
        if ours is not None:
            try:
                _end(database, ours, response)
            except ReelmillError as error:
                # The work is done and said so; who asks again finds what was made.
                log.warning("once.not_kept", code=error.instance_code)
        return response

    return end


def _end(database: Database, ours: Claim, response: Response) -> None:
    if response.status_code >= 300:  # noqa: PLR2004 - nothing but success is kept
        once.give_up(database, ours, is_refused=response.status_code < 500)  # noqa: PLR2004
        return
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    body = response.get_data(as_text=True)
    once.settle(database, ours, Kept(status=response.status_code, headers=headers, body=body))
