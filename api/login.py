"""``/login`` and ``/logout``: how a browser gets its cookie, by password or by a one-time link.

The link carries its ticket behind ``#``. Browsers send that part to nobody: it stands in no log,
no proxy and no Referer, and no preview of a link uses it up. The page's script takes it out of the
address and trades it, once, for the cookie.
"""

import re
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request

from api.authentication import login_id
from api.bodies import body, nothing
from api.cookies import Cookies, cookies_of
from api.entrance import Entrance
from api.identity import known
from api.pages import is_in
from api.texts import TEXTS, language
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import ReelmillError, TooManyTries, Unauthenticated
from pipeline.messages import words
from pipeline.services import authentication, logins
from schemas.access import LoginTicketRequest

_FORM_LIMIT_BYTES: Final = 16 * 1024
#: A path of ours: another host would begin with // or \\, or have a scheme.
_PATH: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}")
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def login_blueprint(pipeline: Pipeline, entrance: Entrance) -> Blueprint:
    """Build the page and what it sends to, over one pipeline."""
    blueprint = Blueprint("login", __name__, template_folder="templates")
    cookies, database = cookies_of(pipeline.settings), pipeline.database

    @blueprint.get("/login")
    def page() -> Response:
        return _page(pipeline, after=_after(request.args.get("next", "")))

    @blueprint.post("/login")
    def submit() -> Response:
        request.max_content_length = _FORM_LIMIT_BYTES
        name, after = request.form.get("name", ""), _after(request.form.get("next", ""))
        try:
            account = entrance.prove(name, request.form.get("password", ""))
        except (Unauthenticated, TooManyTries) as error:
            return _page(pipeline, after=after, name=name, error=error)
        cookie = logins.open_cookie(database, account.id, life_s=cookies.life_s)
        return _let_in(pipeline, cookies, cookie, after)

    @blueprint.post("/login/ticket")
    def ticket() -> Response:
        asked = body(LoginTicketRequest)
        response = nothing()
        cookies.give(response, logins.use_ticket(database, asked.ticket, life_s=cookies.life_s))
        response.headers["Cache-Control"] = "no-store"
        _leave(pipeline)
        return response

    @blueprint.post("/logout")
    def logout() -> Response:
        _leave(pipeline)
        response = _to("/login")
        cookies.take_back(response)
        return response

    return blueprint


def _let_in(pipeline: Pipeline, cookies: Cookies, cookie: str, after: str) -> Response:
    _leave(pipeline)
    response = _to(after or "/")
    cookies.give(response, cookie)
    return response


def _leave(pipeline: Pipeline) -> None:
    """End the login this browser has, if it has one: it gets another, or none."""
    own = login_id()
    if own is not None:
        logins.end(pipeline.database, own)


def _after(path: str) -> str:
    return path if _PATH.fullmatch(path) else ""


def _to(path: str) -> Response:
    response = make_response(redirect(path, HTTPStatus.SEE_OTHER))
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(
    pipeline: Pipeline, *, after: str, name: str = "", error: ReelmillError | None = None
) -> Response:
    lang = language()
    who = known()
    shown = {
        "is_in": is_in(),
        "who": who if is_in() else None,
        "who_name": authentication.name_of(pipeline.database, who.account) if who else None,
        "after": after,
        "name": name[:255],
        "said": words(error.instance_code, lang) if error else None,
        "data": {"next": after or "/"},
    }
    response = make_response(render_template("login.html", lang=lang, texts=TEXTS[lang], **shown))
    if error is not None:
        response.status_code = HTTPStatus.UNAUTHORIZED
    if isinstance(error, TooManyTries):
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS
        response.headers["Retry-After"] = str(int(error.wait_s) + 1)
    response.headers["Content-Security-Policy"] = _POLICY
    # Not no-referrer: forms would then send `Origin: null`.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Language"
    return response
