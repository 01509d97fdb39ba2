"""Pages for people: what all of them are made and sent with."""

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, Response, make_response, render_template, request

from api.identity import known
from api.texts import TEXTS, language
from pipeline.core.errors import Forbidden, NotFound
from pipeline.messages import words

#: No inline script or style, nothing from elsewhere. Players play from and work in blobs, and
#: begin captions as a data address.
_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob: data:;"
    " worker-src 'self' blob:;"
    " connect-src 'self'{connects}; object-src 'none'; base-uri 'none'; form-action {forms};"
    " frame-ancestors 'self'"
)


def page(
    template: str,
    status: int = 200,
    *,
    is_public: bool = False,
    has_form: bool = False,
    connects_to: str = "",
    texts: Mapping[str, Mapping[str, str]] = TEXTS,
    **values: object,
) -> Response:
    """Render a page in the reader's language; one not public is kept and found by nobody.

    Its scripts speak with us, and with the one other origin that is named.
    """
    lang = language()
    shown = {"is_in": is_in(), "is_public": is_public, **values}
    response = make_response(
        render_template(template, lang=lang, texts=texts[lang], **shown), status
    )
    headers = response.headers
    if not is_public:
        # What only those may find who have its address, and its address only they.
        headers["X-Robots-Tag"] = "noindex, nofollow"
        headers["Cache-Control"] = "private, no-store"
        headers["Referrer-Policy"] = "no-referrer"
    headers["Content-Security-Policy"] = _POLICY.format(
        forms="'self'" if has_form else "'none'", connects=connects_to and f" {connects_to}"
    )
    headers.setdefault("Referrer-Policy", "same-origin")
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Cache-Control", "no-cache")
    # Its head says who is logged in.
    headers["Vary"] = "Accept-Language, Cookie"
    return response


def is_in() -> bool:
    """Tell whether whoever asks is logged in."""
    who = known()
    return who is not None and not who.is_anonymous


def say_refusals(blueprint: Blueprint) -> None:
    """Answer with pages where something is not there, or its link is void."""

    @blueprint.errorhandler(NotFound)
    def missing(_error: NotFound) -> Response:
        # What is private is not there for those who might find it when they log in.
        return page("missing.html", 404, path=request.path)

    @blueprint.errorhandler(Forbidden)
    def void(error: Forbidden) -> Response:
        return page("void.html", 403, said=words(error.instance_code, language()))
