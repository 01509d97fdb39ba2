"""``/``: where people begin, and where a login ends."""

from flask import Blueprint, Response

from api.identity import known
from api.pages import is_in, page
from pipeline.bootstrap import Pipeline
from pipeline.services import authentication


def start_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the page over one pipeline."""
    blueprint = Blueprint("start", __name__, template_folder="templates")

    @blueprint.get("/")
    def start() -> Response:
        who = known() if is_in() else None
        name = authentication.name_of(pipeline.database, who.account) if who else None
        return page("start.html", is_public=True, has_form=True, who=who, who_name=name)

    return blueprint
