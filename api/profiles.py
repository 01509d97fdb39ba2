"""``/api/profiles``: what jobs can be asked to make."""

from flask import Blueprint, Response

from api.bodies import answer
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import InvalidRequest, NotFound
from schemas.http import ProfileList


def profiles_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("profiles", __name__, url_prefix="/api/profiles")
    known = pipeline.profiles

    @blueprint.get("")
    def listing() -> Response:
        return answer(ProfileList(items=tuple(known)))

    @blueprint.get("/<id:name>")
    def one(name: str) -> Response:
        try:
            return answer(known.get(name))
        except InvalidRequest as error:
            # In an address it is something that is not there, in a job it is a wrong wish.
            code = error.instance_code
            raise NotFound(error.detail, code=code, remedy=error.remedy) from None

    return blueprint
