"""``/api/auth``: passwords → tokens, tokens → newer tokens, and back out."""

from flask import Blueprint, Response

from api.authentication import login_id
from api.bodies import answer, body, nothing
from api.entrance import Entrance
from api.identity import caller, known
from pipeline.bootstrap import Pipeline
from pipeline.core.access import Rule, allows
from pipeline.core.errors import Forbidden, Unauthenticated
from pipeline.database.port import Database
from pipeline.services import authentication, logins
from schemas.access import MeView, RefreshRequest, RevokeRequest, TokenRequest
from schemas.identity import Identity, Role, Scope


def auth_blueprint(pipeline: Pipeline, entrance: Entrance) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("auth", __name__, url_prefix="/api/auth")
    database = pipeline.database

    @blueprint.post("/token")
    def token() -> Response:
        asked = body(TokenRequest)
        account = entrance.prove(asked.name, asked.password)
        return answer(logins.open_tokens(database, pipeline.access, account))

    @blueprint.post("/refresh")
    def refresh() -> Response:
        asked = body(RefreshRequest)
        return answer(logins.refresh(database, pipeline.access, asked.refresh_token))

    @blueprint.post("/revoke")
    def revoke() -> Response:
        _revoke(database, body(RevokeRequest))
        return nothing()

    @blueprint.get("/me")
    def me() -> Response:
        return answer(_me(database, caller()))

    return blueprint


def _revoke(database: Database, asked: RevokeRequest) -> None:
    """End what is asked for; a refresh token we do not know is as good as ended."""
    if asked.refresh_token is not None:
        logins.end_by_refresh(database, asked.refresh_token)
    if asked.all:
        logins.end_all(database, _entitled().account)
    elif asked.refresh_token is None:
        _entitled()
        own = login_id()
        if own is not None:
            logins.end(database, own)


def _entitled() -> Identity:
    who = known()
    if who is None or who.is_anonymous:
        raise Unauthenticated("this needs credentials")
    if not allows(Rule(Role.VIEWER, Scope.ACCOUNTS_WRITE), who):
        raise Forbidden("this takes, of a key, the scope accounts:write")
    return who


def _me(database: Database, who: Identity) -> MeView:
    return MeView(
        account=who.account,
        name=authentication.name_of(database, who.account),
        role=who.role,
        scopes=None if who.scopes is None else tuple(sorted(who.scopes)),
        key_id=who.key_id,
        is_anonymous=who.is_anonymous,
    )
