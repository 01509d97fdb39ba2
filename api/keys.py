"""``/api/keys``: API keys of the caller; admins see and end everybody's."""

from flask import Blueprint, Response, request

from api.bodies import answer, body, nothing, query
from api.identity import caller
from api.once import claim
from pipeline.bootstrap import Pipeline
from pipeline.core.access import reaches
from pipeline.core.errors import Forbidden, Unauthenticated
from pipeline.services import api_keys
from schemas.access import KeyRequest
from schemas.frozen import Frozen
from schemas.identity import Role


class KeyListQuery(Frozen):
    """Query of ``GET /api/keys``."""

    #: Of every account: for admins.
    all: bool = False


def keys_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("keys", __name__, url_prefix="/api/keys")
    database = pipeline.database
    blueprint.before_request(_refuse_guests)

    @blueprint.get("")
    def listing() -> Response:
        whose = None if query(KeyListQuery).all and _only_admins() else caller().account
        return answer(api_keys.listing(database, whose))

    @blueprint.post("")
    def create() -> Response:
        asked, who = body(KeyRequest), caller()
        account = asked.account or who.account
        if account != who.account:
            _only_admins()
        made = api_keys.create(
            database, account, asked, within=who.scopes, by=who.key_id, claim=claim()
        )
        return answer(made, 201)

    @blueprint.delete("/<id:key_id>")
    def revoke(key_id: str) -> Response:
        owner = None if _is_admin() else caller().account
        api_keys.revoke(database, key_id, owner=owner)
        return nothing()

    return blueprint


def _refuse_guests() -> None:
    """Let nobody without credentials near the keys of the built-in account, which is an admin's."""
    if request.method != "OPTIONS" and caller().is_anonymous and not _is_admin():
        raise Unauthenticated("keys need credentials")


def _is_admin() -> bool:
    return reaches(caller().role, Role.ADMIN)


def _only_admins() -> bool:
    if not _is_admin():
        raise Forbidden("keys of other accounts are for admins")
    return True
