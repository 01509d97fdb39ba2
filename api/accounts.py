"""``/api/accounts``: who there is. For admins."""

from flask import Blueprint, Response

from api.bodies import answer, body, nothing
from api.once import claim
from pipeline.bootstrap import Pipeline
from pipeline.services import accounts
from schemas.access import AccountChange, AccountRequest


def accounts_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("accounts", __name__, url_prefix="/api/accounts")
    database = pipeline.database

    @blueprint.get("")
    def listing() -> Response:
        return answer(accounts.listing(database))

    @blueprint.post("")
    def create() -> Response:
        made = accounts.create(database, body(AccountRequest), claim=claim())
        return answer(made, 201, location=f"/api/accounts/{made.id}")

    @blueprint.get("/<id:account_id>")
    def one(account_id: str) -> Response:
        return answer(accounts.show(database, account_id))

    @blueprint.patch("/<id:account_id>")
    def change(account_id: str) -> Response:
        return answer(accounts.change(database, account_id, body(AccountChange)))

    @blueprint.delete("/<id:account_id>")
    def remove(account_id: str) -> Response:
        accounts.remove(database, account_id)
        return nothing()

    return blueprint
